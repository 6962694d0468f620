// Boringpeer is a BoringSSL server and client for the recipes beside it: it
// compresses its certificate with zlib (RFC 8879), which OpenSSL 3.0, GnuTLS as
// Debian builds it, and Go do not.
//
//	boringpeer server PORT CHAIN.pem KEY.pem KEYLOG [ECH.pem]
//	boringpeer client PORT ROOT.pem NAME KEYLOG [ECH.pem]
//
// With ECH.pem (RFC 9934) both sides do Encrypted Client Hello. The server answers the first thing each client says with a short HTTP response.

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hpke.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

static FILE *keylog;

static void log_key(const SSL *ssl, const char *line) {
	(void)ssl;
	fprintf(keylog, "%s\n", line);
	fflush(keylog);
}

static int compress_zlib(SSL *ssl, CBB *out, const uint8_t *in, size_t in_len) {
	(void)ssl;
	uLongf len = compressBound(in_len);
	uint8_t *buf;
	return CBB_reserve(out, &buf, len) && compress2(buf, &len, in, in_len, 9) == Z_OK && CBB_did_write(out, len);
}

static int decompress_zlib(SSL *ssl, CRYPTO_BUFFER **out, size_t want, const uint8_t *in, size_t in_len) {
	(void)ssl;
	uint8_t *buf;
	uLongf len = want;
	*out = CRYPTO_BUFFER_alloc(&buf, want);
	if (*out != NULL && uncompress(buf, &len, in, in_len) == Z_OK && len == want) return 1;
	CRYPTO_BUFFER_free(*out);
	*out = NULL;
	return 0;
}

static void fail(const char *what) {
	fprintf(stderr, "boringpeer: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

// read_ech reads a private key and an ECHConfigList.
static void read_ech(const char *file, uint8_t key[32], uint8_t **list, long *list_len) {
	char *name, *header;
	uint8_t *der;
	long len;
	size_t key_len = 32;
	CBS cbs;
	FILE *f = fopen(file, "r");
	if (f == NULL || !PEM_read(f, &name, &header, &der, &len)) fail("ECH key");
	CBS_init(&cbs, der, (size_t)len);
	EVP_PKEY *pkey = EVP_parse_private_key(&cbs);
	if (pkey == NULL || !EVP_PKEY_get_raw_private_key(pkey, key, &key_len)) fail("ECH key");
	if (!PEM_read(f, &name, &header, list, list_len) || strcmp(name, "ECHCONFIG") != 0 || *list_len < 2) fail("ECHCONFIG");
	fclose(f);
}

static void serve_ech(SSL_CTX *ctx, const char *file) {
	uint8_t key[32], *list;
	long len;
	read_ech(file, key, &list, &len);
	EVP_HPKE_KEY *hpke = EVP_HPKE_KEY_new();
	SSL_ECH_KEYS *keys = SSL_ECH_KEYS_new();
	if (!EVP_HPKE_KEY_init(hpke, EVP_hpke_x25519_hkdf_sha256(), key, sizeof key) ||
	    !SSL_ECH_KEYS_add(keys, 1, list + 2, (size_t)len - 2, hpke) || !SSL_CTX_set1_ech_keys(ctx, keys)) fail("ECH");
}

static void serve(SSL_CTX *ctx, struct sockaddr_in *at) {
	static const char response[] = "HTTP/1.0 200 OK\r\nContent-Length: 18\r\n\r\nhello from tlslens";
	char buf[4096];
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)at, sizeof *at) != 0 || listen(listener, 5) != 0) fail("listen");
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0) fail("accept");
		SSL *ssl = SSL_new(ctx);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 && SSL_read(ssl, buf, sizeof buf) > 0) {
			SSL_write(ssl, response, (int)strlen(response));
			SSL_shutdown(ssl);
			SSL_shutdown(ssl); // waits for the client's close_notify
		} else {
			ERR_print_errors_fp(stderr);
		}
		SSL_free(ssl);
		close(fd);
	}
}

static void ask(SSL_CTX *ctx, struct sockaddr_in *at, const char *name, const char *ech) {
	static const char request[] = "GET /hello HTTP/1.0\r\n\r\n";
	char buf[4096];
	int n, fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)at, sizeof *at) != 0) fail("connect");
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (!SSL_set_tlsext_host_name(ssl, name) || !SSL_set1_host(ssl, name)) fail("name");
	if (ech != NULL) {
		uint8_t key[32], *list;
		long len;
		read_ech(ech, key, &list, &len);
		if (!SSL_set1_ech_config_list(ssl, list, (size_t)len)) fail("ECH");
	}
	if (SSL_connect(ssl) != 1) fail("handshake");
	SSL_write(ssl, request, (int)strlen(request));
	while ((n = SSL_read(ssl, buf, sizeof buf)) > 0) fwrite(buf, 1, (size_t)n, stdout);
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv) {
	if (argc != 6 && argc != 7) fail("usage: server PORT CHAIN KEY KEYLOG [ECH], or client PORT ROOT NAME KEYLOG [ECH]");
	const char *ech = argc == 7 ? argv[6] : NULL;
	signal(SIGPIPE, SIG_IGN);
	keylog = fopen(argv[5], "a");
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	if (keylog == NULL || ctx == NULL) fail("start");
	SSL_CTX_set_keylog_callback(ctx, log_key);
	if (!SSL_CTX_add_cert_compression_alg(ctx, TLSEXT_cert_compression_zlib, compress_zlib, decompress_zlib)) fail("compression");
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (strcmp(argv[1], "server") == 0) {
		if (!SSL_CTX_use_certificate_chain_file(ctx, argv[3]) || !SSL_CTX_use_PrivateKey_file(ctx, argv[4], SSL_FILETYPE_PEM)) fail("certificate");
		if (ech != NULL) serve_ech(ctx, ech);
		serve(ctx, &at);
	} else {
		if (!SSL_CTX_load_verify_locations(ctx, argv[3], NULL)) fail("root");
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		ask(ctx, &at, argv[4], ech);
	}
	return 0;
}
