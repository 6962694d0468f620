// Mbedpeer is a Mbed TLS server and client for the recipes beside it: it does
// truncated_hmac (RFC 6066, section 7), which no other peer here does.
//
//	mbedpeer server PORT CHAIN.pem KEY.pem SUITE
//	mbedpeer client PORT ROOT.pem NAME SUITE KEYLOG
//
// The server answers one client with a short HTTP response; the client writes a
// line of a key log.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

static void check(int ret, const char *what) {
	if (ret >= 0) return;
	fprintf(stderr, "mbedpeer: %s: -0x%04x\n", what, (unsigned)-ret);
	exit(1);
}

static void hex(FILE *f, const unsigned char *b, size_t n) {
	while (n-- > 0) fprintf(f, "%02x", *b++);
}

static int log_keys(void *file, const unsigned char *master, const unsigned char *block, size_t mac_len, size_t key_len, size_t iv_len,
                    const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types prf) {
	(void)block, (void)mac_len, (void)key_len, (void)iv_len, (void)server_random, (void)prf;
	FILE *f = fopen(file, "a");
	if (f == NULL) return -1;
	fprintf(f, "CLIENT_RANDOM ");
	hex(f, client_random, 32);
	fprintf(f, " ");
	hex(f, master, 48);
	fprintf(f, "\n");
	fclose(f);
	return 0;
}

int main(int argc, char **argv) {
	static const char request[] = "GET /hello HTTP/1.0\r\n\r\n";
	static const char response[] = "HTTP/1.0 200 OK\r\nContent-Length: 18\r\n\r\nhello from tlslens";
	if (argc < 6) check(-1, "usage: server PORT CHAIN KEY SUITE, or client PORT ROOT NAME SUITE KEYLOG");
	int server = strcmp(argv[1], "server") == 0, n;
	unsigned char buf[4096];
	int suites[2] = {mbedtls_ssl_get_ciphersuite_id(argv[5]), 0};
	if (suites[0] == 0) check(-1, "no such suite");
	mbedtls_net_context listener, net;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
	mbedtls_ssl_config conf;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt crt;
	mbedtls_pk_context key;
	mbedtls_net_init(&listener);
	mbedtls_net_init(&net);
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&drbg);
	mbedtls_ssl_config_init(&conf);
	mbedtls_ssl_init(&ssl);
	mbedtls_x509_crt_init(&crt);
	mbedtls_pk_init(&key);
	check(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0), "random");
	check(mbedtls_ssl_config_defaults(&conf, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT), "defaults");
	mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &drbg);
	mbedtls_ssl_conf_ciphersuites(&conf, suites);
	mbedtls_ssl_conf_encrypt_then_mac(&conf, MBEDTLS_SSL_ETM_DISABLED);
	check(mbedtls_x509_crt_parse_file(&crt, argv[3]), argv[3]);
	if (server) {
		check(mbedtls_pk_parse_keyfile(&key, argv[4], NULL), argv[4]);
		check(mbedtls_ssl_conf_own_cert(&conf, &crt, &key), "certificate");
		mbedtls_ssl_conf_truncated_hmac(&conf, MBEDTLS_SSL_TRUNC_HMAC_ENABLED);
		check(mbedtls_net_bind(&listener, "127.0.0.1", argv[2], MBEDTLS_NET_PROTO_TCP), "listen");
		check(mbedtls_net_accept(&listener, &net, NULL, 0, NULL), "accept");
	} else {
		mbedtls_ssl_conf_ca_chain(&conf, &crt, NULL);
		mbedtls_ssl_conf_truncated_hmac(&conf, MBEDTLS_SSL_TRUNC_HMAC_ENABLED);
		mbedtls_ssl_conf_export_keys_ext_cb(&conf, log_keys, argv[6]);
		check(mbedtls_net_connect(&net, "127.0.0.1", argv[2], MBEDTLS_NET_PROTO_TCP), "connect");
	}
	check(mbedtls_ssl_setup(&ssl, &conf), "setup");
	if (!server) check(mbedtls_ssl_set_hostname(&ssl, argv[4]), "name");
	mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
	check(mbedtls_ssl_handshake(&ssl), "handshake");
	if (server) {
		check(mbedtls_ssl_read(&ssl, buf, sizeof buf), "read");
		check(mbedtls_ssl_write(&ssl, (const unsigned char *)response, strlen(response)), "write");
		mbedtls_ssl_close_notify(&ssl);
		mbedtls_ssl_read(&ssl, buf, sizeof buf); // waits for the client's close_notify
		return 0;
	}
	check(mbedtls_ssl_write(&ssl, (const unsigned char *)request, strlen(request)), "write");
	while ((n = mbedtls_ssl_read(&ssl, buf, sizeof buf)) > 0) fwrite(buf, 1, (size_t)n, stdout);
	mbedtls_ssl_close_notify(&ssl);
	return 0;
}
