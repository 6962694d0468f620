/*
 * wolfpeer - both ends of a connection of TLS or DTLS on the loopback interface,
 * with wolfSSL: what Debian's build of it has not, DTLS 1.3 with connection ids
 * and Encrypted Client Hello above all. The server is the child.
 *
 *	wolfpeer tcp|udp PORT CHAIN KEY ROOT KEYLOG FEATURE...
 *
 * CHAIN is "rpk:FILE" for a raw public key (DER). Features:
 *
 *	1.2            version 1.2 and no later
 *	suite=NAME     the one cipher suite
 *	group=NUMBER   the client's one key share; others may be asked for
 *	only=NUMBER    the server's one group
 *	cid=C,S        connection ids of C and S bytes (0: the end wants none)
 *	move           the client goes on from another port
 *	hrr            the server asks for a cookie
 *	update         the client updates its keys and asks for the server's
 *	ech, grease    Encrypted Client Hello with a key of the server, or for show
 *	old            ech with a key that the server does not know
 *	psk            a pre-shared key, "key for a test" many times over
 *	again, early   a second connection resumes the first, with early data
 *	pha            the server asks for a certificate behind the handshake
 *	client=CHAIN,KEY  the client's certificate
 *	to=N           the client talks to port N, which somebody joins (relay.py)
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/hpke.h>

static int udp, port, server;
static char **features, *keylog;
static const char *chain, *key, *root;
static WOLFSSL_CTX *ctx[2];
static unsigned char config[512];
static word32 config_size = sizeof config;

static void die(const char *what, WOLFSSL *ssl, int result)
{
	char text[WOLFSSL_MAX_ERROR_SZ] = "";
	if (ssl)
		wolfSSL_ERR_error_string(wolfSSL_get_error(ssl, result), text);
	fprintf(stderr, "wolfpeer: %s: %s %d %s\n", server ? "server" : "client", what, result, text);
	exit(1);
}

#define MUST(call) do { int r_ = (call); if (r_ != WOLFSSL_SUCCESS) die(#call, NULL, r_); } while (0)

/* feature returns what stands behind "name=", "" for the bare name, or NULL. */
static const char *feature(const char *name)
{
	size_t n = strlen(name);
	for (char **f = features; *f; f++)
		if (!strncmp(*f, name, n) && ((*f)[n] == '=' || !(*f)[n]))
			return (*f)[n] ? *f + n + 1 : "";
	return NULL;
}

/* line adds a line to the key log (RFC 9850). */
static void line(const char *label, const unsigned char *random, const unsigned char *secret, int n)
{
	FILE *f = fopen(keylog, "a");
	if (!f)
		return;
	fprintf(f, "%s ", label);
	for (int i = 0; i < 32; i++)
		fprintf(f, "%02x", random[i]);
	fputc(' ', f);
	for (int i = 0; i < n; i++)
		fprintf(f, "%02x", secret[i]);
	fputc('\n', f);
	fclose(f);
}

static int secret13(WOLFSSL *ssl, int id, const unsigned char *secret, int n, void *arg)
{
	static const char *labels[] = {
		"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
		"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EARLY_EXPORTER_SECRET", "EXPORTER_SECRET", "ECH_SECRET", "ECH_CONFIG",
	};
	unsigned char random[32];
	(void)arg;
	if (id < (int)(sizeof labels / sizeof *labels) && wolfSSL_get_client_random(ssl, random, 32) == 32)
		line(labels[id], random, secret, n);
	return 0;
}

/* An end of datagrams: it answers where the last one came from. */
struct end { int fd; struct sockaddr_in to; };

static int get(WOLFSSL *ssl, char *b, int n, void *arg)
{
	struct end *e = arg;
	struct pollfd p = { e->fd, POLLIN, 0 };
	socklen_t size = sizeof e->to;
	if (poll(&p, 1, wolfSSL_dtls_get_current_timeout(ssl) * 1000) <= 0)
		return WOLFSSL_CBIO_ERR_TIMEOUT;
	n = recvfrom(e->fd, b, n, 0, (struct sockaddr *)&e->to, &size);
	return n < 0 ? WOLFSSL_CBIO_ERR_GENERAL : n;
}

static int put(WOLFSSL *ssl, char *b, int n, void *arg)
{
	struct end *e = arg;
	(void)ssl;
	return sendto(e->fd, b, n, 0, (struct sockaddr *)&e->to, sizeof e->to);
}

static struct sockaddr_in at(int p)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(p), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return a;
}

static int bound(int type, int p)
{
	struct sockaddr_in a = at(p);
	int one = 1, fd = socket(AF_INET, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&a, sizeof a))
		die("bind", NULL, p);
	return fd;
}

static const unsigned char *psk(void) { return (const unsigned char *)"key for a test, key for a test, "; }

static unsigned int psk_client(WOLFSSL *ssl, const char *hint, char *id, unsigned int max, unsigned char *k, unsigned int kmax, const char **suite)
{
	(void)ssl; (void)hint; (void)kmax;
	snprintf(id, max, "Client_identity");
	memcpy(k, psk(), 32);
	*suite = "TLS13-AES128-GCM-SHA256";
	return 32;
}

static unsigned int psk_server(WOLFSSL *ssl, const char *id, unsigned char *k, unsigned int kmax, const char **suite)
{
	(void)ssl; (void)kmax;
	if (strcmp(id, "Client_identity"))
		return 0;
	memcpy(k, psk(), 32);
	*suite = "TLS13-AES128-GCM-SHA256";
	return 32;
}

static void certificate(WOLFSSL_CTX *c, const char *chain_, const char *key_)
{
	if (!strncmp(chain_, "rpk:", 4)) {
		char type = WOLFSSL_CERT_TYPE_RPK;
		MUST(wolfSSL_CTX_set_server_cert_type(c, &type, 1));
		MUST(wolfSSL_CTX_use_certificate_file(c, chain_ + 4, WOLFSSL_FILETYPE_ASN1));
	} else {
		MUST(wolfSSL_CTX_use_certificate_chain_file(c, chain_));
	}
	MUST(wolfSSL_CTX_use_PrivateKey_file(c, key_, WOLFSSL_FILETYPE_PEM));
}

static WOLFSSL_CTX *context(int is_server)
{
	int old = feature("1.2") != NULL;
	WOLFSSL_METHOD *m = udp ? (is_server ? (old ? wolfDTLSv1_2_server_method() : wolfDTLSv1_3_server_method()) : (old ? wolfDTLSv1_2_client_method() : wolfDTLSv1_3_client_method()))
		: (is_server ? (old ? wolfTLSv1_2_server_method() : wolfTLSv1_3_server_method()) : (old ? wolfTLSv1_2_client_method() : wolfTLSv1_3_client_method()));
	WOLFSSL_CTX *c = wolfSSL_CTX_new(m);
	MUST(wolfSSL_CTX_load_verify_locations(c, root, NULL));
	if (feature("suite"))
		MUST(wolfSSL_CTX_set_cipher_list(c, feature("suite")));
	if (udp) {
		wolfSSL_CTX_SetIORecv(c, get);
		wolfSSL_CTX_SetIOSend(c, put);
	}
	if (feature("early"))
		wolfSSL_CTX_set_max_early_data(c, 4096);
	if (feature("psk") && is_server)
		wolfSSL_CTX_set_psk_server_tls13_callback(c, psk_server);
	else if (feature("psk"))
		wolfSSL_CTX_set_psk_client_tls13_callback(c, psk_client);
	if (is_server && !feature("psk"))
		certificate(c, chain, key);
	if (is_server)
		wolfSSL_CTX_set_verify(c, feature("pha") ? WOLFSSL_VERIFY_POST_HANDSHAKE | WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE, NULL);
	if (!is_server && !strncmp(chain, "rpk:", 4)) {
		char type = WOLFSSL_CERT_TYPE_RPK;
		MUST(wolfSSL_CTX_set_server_cert_type(c, &type, 1));
		wolfSSL_CTX_set_verify(c, WOLFSSL_VERIFY_NONE, NULL);
	}
	if (!is_server && feature("client")) {
		char *own = strdup(feature("client")), *comma = strchr(own, ',');
		*comma = 0;
		certificate(c, own, comma + 1);
	}
	if (!is_server && feature("pha") && wolfSSL_CTX_allow_post_handshake_auth(c))
		die("allow_post_handshake_auth", NULL, 0);
	return c;
}

static void say(WOLFSSL *ssl, const char *text)
{
	int n = wolfSSL_write(ssl, text, strlen(text));
	if (n <= 0)
		die("write", ssl, n);
}

/* hear reads a message; 0 if the other end closed. */
static int hear(WOLFSSL *ssl)
{
	char b[2048];
	int n = wolfSSL_read(ssl, b, sizeof b);
	if (n <= 0 && wolfSSL_get_error(ssl, n) != WOLFSSL_ERROR_ZERO_RETURN)
		die("read", ssl, n);
	return n;
}

static WOLFSSL *fresh(struct end *e)
{
	WOLFSSL *ssl = wolfSSL_new(ctx[server]);
	unsigned char id[16];
	const char *cid = feature("cid");
	if (udp) {
		wolfSSL_SetIOReadCtx(ssl, e);
		wolfSSL_SetIOWriteCtx(ssl, e);
		wolfSSL_dtls_set_timeout_init(ssl, 1);
	} else {
		wolfSSL_set_fd(ssl, e->fd);
	}
	wolfSSL_KeepArrays(ssl);
	wolfSSL_set_tls13_secret_cb(ssl, secret13, NULL);
	if (cid) {
		int n = atoi(server ? strchr(cid, ',') + 1 : cid);
		for (int i = 0; i < n; i++)
			id[i] = (server ? 0x50 : 0xc0) + i;
		MUST(wolfSSL_dtls_cid_use(ssl));
		if (n)
			MUST(wolfSSL_dtls_cid_set(ssl, id, n));
	}
	return ssl;
}

/* master logs the master secret of version 1.2. */
static void master(WOLFSSL *ssl)
{
	unsigned char random[32], secret[48];
	if (feature("1.2") && wolfSSL_get_client_random(ssl, random, 32) == 32 && wolfSSL_SESSION_get_master_key(wolfSSL_get_session(ssl), secret, 48) == 48)
		line("CLIENT_RANDOM", random, secret, 48);
}

static void serve(struct end *e)
{
	WOLFSSL *ssl = fresh(e);
	int group = feature("only") ? atoi(feature("only")) : 0, r;
	if (group)
		MUST(wolfSSL_set_groups(ssl, &group, 1));
	if (feature("hrr"))
		MUST(wolfSSL_send_hrr_cookie(ssl, NULL, 0));
	else if (udp && !feature("1.2"))
		wolfSSL_disable_hrr_cookie(ssl);
	if (feature("early")) {
		char b[256];
		int n = 0;
		while ((r = wolfSSL_read_early_data(ssl, b, sizeof b, &n)) > 0 && n > 0)
			n = 0;
	}
	if ((r = wolfSSL_accept(ssl)) != WOLFSSL_SUCCESS) {
		if (feature("old"))
			exit(0);
		die("accept", ssl, r);
	}
	master(ssl);
	while (hear(ssl) > 0) {
		if (feature("pha") && wolfSSL_request_certificate(ssl) != WOLFSSL_SUCCESS)
			fprintf(stderr, "wolfpeer: no request\n");
		say(ssl, "hello from tlslens\n");
	}
	if (wolfSSL_shutdown(ssl) == WOLFSSL_SHUTDOWN_NOT_DONE)
		wolfSSL_shutdown(ssl); /* the other end's close_notify, so that the kernel sends no RST */
	wolfSSL_free(ssl);
}

static WOLFSSL_SESSION *ask(WOLFSSL_SESSION *old)
{
	struct end e = { 0 };
	WOLFSSL_SESSION *session = NULL;
	WOLFSSL *ssl;
	int to = feature("to") ? atoi(feature("to")) : port, r, group = feature("group") ? atoi(feature("group")) : 0;
	e.fd = bound(udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	e.to = at(to);
	if (!udp && connect(e.fd, (struct sockaddr *)&e.to, sizeof e.to))
		die("connect", NULL, 0);
	ssl = fresh(&e);
	if (strncmp(chain, "rpk:", 4) && !feature("old")) /* else it would be checked against the inner name */
		wolfSSL_check_domain_name(ssl, "www.example.test");
	wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, "www.example.test", 16);
	if (feature("ech") || feature("old"))
		MUST(wolfSSL_SetEchConfigs(ssl, config, config_size));
	else if (!feature("grease"))
		wolfSSL_SetEchEnable(ssl, 0);
	if (group && (r = wolfSSL_UseKeyShare(ssl, group)) != WOLFSSL_SUCCESS)
		die("UseKeyShare", ssl, r);
	if (old)
		MUST(wolfSSL_set_session(ssl, old));
	if (old && feature("early")) {
		const char *text = "early hello\n";
		int n;
		if ((r = wolfSSL_write_early_data(ssl, text, strlen(text), &n)) <= 0)
			die("write_early_data", ssl, r);
	}
	if ((r = wolfSSL_connect(ssl)) != WOLFSSL_SUCCESS) {
		if (feature("old") || feature("refuse"))
			exit(0);
		die("connect", ssl, r);
	}
	master(ssl);
	say(ssl, "hello from the client\n");
	hear(ssl);
	if (feature("update")) {
		MUST(wolfSSL_update_keys(ssl));
		say(ssl, "hello with new keys\n");
		hear(ssl);
	}
	if (feature("move")) {
		int was = e.fd;
		e.fd = bound(SOCK_DGRAM, 0);
		e.to = at(to);
		close(was);
		say(ssl, "hello from another port\n");
		hear(ssl);
	}
	if (feature("again"))
		session = wolfSSL_get1_session(ssl);
	printf("%s %s group %s ech %d\n", wolfSSL_get_version(ssl), wolfSSL_get_cipher(ssl), wolfSSL_get_curve_name(ssl), wolfSSL_GetEchStatus(ssl));
	if (wolfSSL_shutdown(ssl) == WOLFSSL_SHUTDOWN_NOT_DONE)
		wolfSSL_shutdown(ssl); /* the other end's close_notify, so that the kernel sends no RST */
	wolfSSL_free(ssl);
	usleep(100000);
	close(e.fd);
	return session;
}

int main(int argc, char **argv)
{
	WOLFSSL_SESSION *session;
	struct end e = { 0 };
	int status = 0, listener;
	pid_t child;
	if (argc < 7) {
		fprintf(stderr, "wolfpeer tcp|udp PORT CHAIN KEY ROOT KEYLOG FEATURE...\n");
		return 2;
	}
	udp = !strcmp(argv[1], "udp"), port = atoi(argv[2]), chain = argv[3], key = argv[4], root = argv[5], keylog = argv[6], features = argv + 7;
	signal(SIGPIPE, SIG_IGN);
	wolfSSL_Init();
	ctx[1] = context(1);
	ctx[0] = context(0);
	if (feature("ech") || feature("old")) {
		MUST(wolfSSL_CTX_GenerateEchConfig(ctx[1], feature("old") ? "www.example.test" : "public.example.test", DHKEM_X25519_HKDF_SHA256, HKDF_SHA256, HPKE_AES_128_GCM));
		MUST(wolfSSL_CTX_GetEchConfigs(ctx[1], config, &config_size));
	}
	if (feature("old")) {
		ctx[1] = context(1);
		MUST(wolfSSL_CTX_GenerateEchConfig(ctx[1], feature("old") ? "www.example.test" : "public.example.test", DHKEM_X25519_HKDF_SHA256, HKDF_SHA256, HPKE_AES_128_GCM));
	}
	listener = bound(udp ? SOCK_DGRAM : SOCK_STREAM, port);
	if (!udp)
		listen(listener, 4);
	if (!(child = fork())) {
		server = 1;
		for (int i = 0; i < (feature("again") ? 2 : 1); i++) {
			e.fd = udp ? listener : accept(listener, NULL, NULL);
			serve(&e);
		}
		return 0;
	}
	close(listener);
	session = ask(NULL);
	if (session)
		ask(session);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
