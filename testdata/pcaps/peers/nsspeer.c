/*
 * nsspeer - both ends of connections of DTLS 1.3 on the loopback interface, with
 * NSS: the way to a HelloRetryRequest with a cookie, to key updates and to early
 * data, for which NSS's own tools have no option over UDP.
 *
 *	nsspeer DATABASE PORT [hrr] [update] [early] [chacha | aes256] [relay]
 *
 * With relay the client talks to PORT+10 and the server to PORT+11, which
 * somebody joins (relay.py).
 *
 * DATABASE is an NSS database with the server's certificate, named leaf, and the
 * root. Built against libnss3-dev and linked to the NSS of Firefox, which is of
 * today and writes a key log. Exit status 1 and a line if anything fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cert.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <prinit.h>
#include <prio.h>
#include <prnetdb.h>
#include <prerror.h>
#include <prtime.h>
#include <ssl.h>
#include <sslexp.h>
#include <sslproto.h>

static int hrr, update, early, relay, port;
static PRUint16 suite = TLS_AES_128_GCM_SHA256;
static SSLAntiReplayContext *replay;
static CERTCertificate *cert;
static SECKEYPrivateKey *key;

static void die(const char *what)
{
	fprintf(stderr, "nsspeer: %s: %s\n", what, PR_ErrorToName(PR_GetError()));
	exit(1);
}

#define MUST(call) do { if ((call) != SECSuccess) die(#call); } while (0)

static SSLHelloRetryRequestAction retry(PRBool first, const PRUint8 *token, unsigned int len, PRUint8 *out, unsigned int *outLen, unsigned int max, void *arg)
{
	(void)token; (void)arg;
	if (!first)
		return len == 4 ? ssl_hello_retry_accept : ssl_hello_retry_fail;
	if (max < 4)
		return ssl_hello_retry_fail;
	memcpy(out, "here", *outLen = 4);
	return ssl_hello_retry_request;
}

/* end makes one end, bound to a port of its own and connected to the other. */
static PRFileDesc *end(int server, int mine, int other)
{
	PRNetAddr a, b;
	PRFileDesc *fd = PR_NewUDPSocket();
	PRSocketOptionData nb = { PR_SockOpt_Nonblocking, { PR_TRUE } };
	SSLVersionRange only = { SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3 };

	PR_InitializeNetAddr(PR_IpAddrLoopback, (PRUint16)mine, &a);
	PR_InitializeNetAddr(PR_IpAddrLoopback, (PRUint16)other, &b);
	if (!fd || PR_Bind(fd, &a) || PR_Connect(fd, &b, PR_INTERVAL_NO_TIMEOUT) || PR_SetSocketOption(fd, &nb) || !(fd = DTLS_ImportFD(NULL, fd)))
		die("socket");
	MUST(SSL_VersionRangeSet(fd, &only));
	MUST(SSL_OptionSet(fd, SSL_SECURITY, PR_TRUE));
	MUST(SSL_OptionSet(fd, server ? SSL_HANDSHAKE_AS_SERVER : SSL_HANDSHAKE_AS_CLIENT, PR_TRUE));
	for (PRUint16 i = TLS_AES_128_GCM_SHA256; i <= TLS_CHACHA20_POLY1305_SHA256; i++)
		MUST(SSL_CipherPrefSet(fd, i, i == suite));
	if (early) {
		MUST(SSL_OptionSet(fd, SSL_ENABLE_0RTT_DATA, PR_TRUE));
		MUST(SSL_OptionSet(fd, SSL_ENABLE_SESSION_TICKETS, PR_TRUE));
	}
	if (server) {
		MUST(SSL_ConfigServerCert(fd, cert, key, NULL, 0));
		if (early)
			MUST(SSL_SetAntiReplayContext(fd, replay));
		if (hrr)
			MUST(SSL_HelloRetryRequestCallback(fd, retry, NULL));
	} else {
		MUST(SSL_SetURL(fd, "www.example.test"));
		MUST(SSL_SetSockPeerID(fd, "nsspeer"));
	}
	MUST(SSL_ResetHandshake(fd, server));
	return fd;
}

/* pump drives a handshake on or reads; it returns what was read. */
static int pump(PRFileDesc *fd, int *done, char *buf, int max)
{
	PRIntervalTime wait;
	if (!*done) {
		if (SSL_ForceHandshake(fd) == SECSuccess)
			*done = 1;
		else if (PR_GetError() != PR_WOULD_BLOCK_ERROR)
			die("handshake");
	}
	int n = PR_Recv(fd, buf, max - 1, 0, PR_INTERVAL_NO_WAIT);
	if (n < 0 && PR_GetError() != PR_WOULD_BLOCK_ERROR && PR_GetError() != SSL_ERROR_CLOSE_NOTIFY_ALERT)
		die("read");
	(void)DTLS_GetHandshakeTimeout(fd, &wait);
	return n;
}

static void say(PRFileDesc *fd, const char *text)
{
	if (PR_Send(fd, text, (PRInt32)strlen(text), 0, PR_INTERVAL_NO_WAIT) < 0)
		die("write");
}

/* both lets the two ends talk until each has read want times. */
static void both(PRFileDesc *c, PRFileDesc *s, int *done, int want)
{
	char buf[2048];
	int got[2] = { 0, 0 };
	for (int i = 0; i < 1200; i++) {
		int n = pump(c, &done[0], buf, sizeof buf);
		got[0] += n > 0;
		n = pump(s, &done[1], buf, sizeof buf);
		got[1] += n > 0;
		if (done[0] && done[1] && got[0] >= want && got[1] >= want && i > 20)
			return;
		PR_Sleep(PR_MillisecondsToInterval(5));
	}
	fprintf(stderr, "nsspeer: nothing happens any more\n");
	exit(1);
}

static void once(int n, int sendEarly)
{
	int done[2] = { 0, 0 };
	PRFileDesc *s = end(1, port, relay ? port + 11 : port + n), *c = end(0, port + n, relay ? port + 10 : port);
	if (sendEarly) {
		char buf[512];
		(void)SSL_ForceHandshake(c);
		say(c, "early hello\n");
		for (int i = 0; i < 20; i++) { /* the server reads it before its handshake is over */
			(void)SSL_ForceHandshake(s);
			if (PR_Recv(s, buf, sizeof buf, 0, PR_INTERVAL_NO_WAIT) > 0)
				break;
			PR_Sleep(PR_MillisecondsToInterval(2));
		}
	}
	both(c, s, done, 0);
	say(c, "hello from the client\n");
	say(s, "hello from tlslens\n");
	both(c, s, done, 1);
	for (int i = 0; update && i < 2; i++) {
		MUST(SSL_KeyUpdate(i ? s : c, !i));
		both(c, s, done, 0);
		say(c, "hello again\n");
		say(s, "hello again to you\n");
		both(c, s, done, 1);
	}
	PR_Close(c);
	PR_Sleep(PR_MillisecondsToInterval(20));
	PR_Close(s);
	PR_Sleep(PR_MillisecondsToInterval(50));
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	port = atoi(argv[2]);
	for (int i = 3; i < argc; i++) {
		hrr |= !strcmp(argv[i], "hrr");
		update |= !strcmp(argv[i], "update");
		relay |= !strcmp(argv[i], "relay");
		if (!strcmp(argv[i], "chacha"))
			suite = TLS_CHACHA20_POLY1305_SHA256;
		if (!strcmp(argv[i], "aes256"))
			suite = TLS_AES_256_GCM_SHA384;
		early |= !strcmp(argv[i], "early");
	}
	PR_Init(PR_USER_THREAD, PR_PRIORITY_NORMAL, 0);
	MUST(NSS_Init(argv[1]));
	MUST(NSS_SetDomesticPolicy());
	MUST(SSL_ConfigServerSessionIDCache(0, 0, 0, "/tmp"));
	if (!(cert = PK11_FindCertFromNickname("leaf", NULL)) || !(key = PK11_FindKeyByAnyCert(cert, NULL)))
		die("certificate");
	if (early)
		MUST(SSL_CreateAntiReplayContext(PR_Now() - 20 * PR_USEC_PER_SEC, 10 * PR_USEC_PER_SEC, 7, 14, &replay));
	once(1, 0);
	if (early)
		once(2, 1);
	return 0;
}
