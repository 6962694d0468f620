import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Asks GET /hello with Java's own TLS: JavaClient HOST PORT ROOT.pem [PROTOCOL]. */
public class JavaClient {
    public static void main(String[] args) throws Exception {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null, null);
        try (FileInputStream in = new FileInputStream(args[2])) {
            roots.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(args[0], Integer.parseInt(args[1]))) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            if (args.length > 3) {
                socket.setEnabledProtocols(new String[] {args[3]});
            }
            socket.getOutputStream().write("GET /hello HTTP/1.0\r\n\r\n".getBytes());
            System.out.write(socket.getInputStream().readAllBytes());
            System.out.println(socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite());
        }
    }
}
