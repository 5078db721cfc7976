package volley;

import static org.junit.jupiter.api.Assertions.*;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.*;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.*;

class ConnectionTest {
  static Server guarded;
  static final String SECRET = "0123456789abcdef0123456789abcdef";

  @BeforeAll
  static void start() throws Exception {
    Path d = Folders.make("volley-users");
    Files.writeString(d.resolve("users"), "ana:" + Server.hash("open sesame") + "\n");
    Files.writeString(d.resolve("secret"), SECRET);
    guarded = new Server("--auth", "users", "--users", d.resolve("users").toString(), "--auth", "jwt", "--jwt-secret-file", d.resolve("secret").toString(), "--dev-cert");
  }

  @AfterAll
  static void stop() throws Exception {
    guarded.close();
  }

  static Object one(Connection c, String sql) throws SQLException {
    try (c; Statement st = c.createStatement(); ResultSet rs = st.executeQuery(sql)) {
      assertTrue(rs.next());
      return rs.getObject(1);
    }
  }

  String ca() {
    return "&tlsRootCerts=" + guarded.state() + "/dev-cert.pem";
  }

  @Test
  void certificateOfOurOwnAuthority() throws Exception {
    assertEquals("ana", one(guarded.connect("useEncryption=true&user=ana&password=open%20sesame" + ca()), "SELECT current_user()"));
  }

  @Test
  void withoutVerification() throws Exception {
    assertEquals("ana", one(guarded.connect("useEncryption=true&disableCertificateVerification=true&user=ana&password=open%20sesame"), "SELECT current_user()"));
  }

  @Test
  void withoutCookies() throws Exception {
    try (Connection c = guarded.connect("useEncryption=true&retainCookies=false&user=ana&password=open%20sesame" + ca()); Statement st = c.createStatement()) {
      st.execute("SET spark.sql.session.timeZone = 'Asia/Tokyo'");
      try (ResultSet rs = st.executeQuery("SELECT current_timezone()")) {
        rs.next();
        assertEquals("Asia/Tokyo", rs.getString(1));
      }
    }
  }

  static void openssl(Path in, String... args) throws Exception {
    List<String> cmd = new ArrayList<>(List.of("openssl"));
    cmd.addAll(List.of(args));
    Process p = new ProcessBuilder(cmd).directory(in.toFile()).redirectErrorStream(true).start();
    String said = new String(p.getInputStream().readAllBytes());
    assertEquals(0, p.waitFor(), said);
  }

  @Test
  void clientCertificate() throws Exception {
    Path d = Folders.make("volley-mtls");
    openssl(d, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority");
    openssl(d, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "dora.key", "-out", "dora.csr", "-subj", "/CN=dora");
    openssl(d, "x509", "-req", "-in", "dora.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "dora.pem", "-days", "2");
    try (Server s = new Server("--dev-cert", "--tls-client-ca", d.resolve("ca.pem").toString(), "--tls-client", "required", "--auth", "cert")) {
      String tls = "useEncryption=true&tlsRootCerts=" + s.state() + "/dev-cert.pem";
      assertEquals("dora", one(s.connect(tls + "&clientCertificate=" + d.resolve("dora.pem") + "&clientKey=" + d.resolve("dora.key")), "SELECT current_user()"));
      assertThrows(SQLException.class, () -> one(s.connect(tls), "SELECT 1"), "without a certificate");
    }
  }

  @Test
  void wrongPassword() {
    SQLException e = assertThrows(SQLException.class, () -> guarded.connect("useEncryption=true&user=ana&password=no" + ca()));
    assertTrue((e.toString() + e.getCause()).contains("not valid"), e.toString());
  }

  @Test
  void plaintextAgainstTLS() {
    assertThrows(SQLException.class, () -> guarded.connect("useEncryption=false&user=ana&password=open%20sesame"));
  }

  @Test
  void token() throws Exception {
    Base64.Encoder b = Base64.getUrlEncoder().withoutPadding();
    String body = b.encodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes()) + "."
        + b.encodeToString(("{\"sub\":\"carol\",\"exp\":" + (System.currentTimeMillis() / 1000 + 600) + "}").getBytes(StandardCharsets.UTF_8));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(SECRET.getBytes(), "HmacSHA256"));
    String token = body + "." + b.encodeToString(mac.doFinal(body.getBytes()));
    assertEquals("carol", one(guarded.connect("useEncryption=true&token=" + token + ca()), "SELECT current_user()"));
  }

  /** The driver ends its channel before the session that it opened for the property, and reports that. */
  @Test
  void catalogProperty() throws Exception {
    try (Server s = new Server()) {
      Connection c = s.connect("useEncryption=false&catalog=spark_catalog");
      try (Statement st = c.createStatement(); ResultSet rs = st.executeQuery("SELECT current_catalog()")) {
        assertTrue(rs.next());
        assertEquals("spark_catalog", rs.getString(1));
      }
      try {
        c.close();
      } catch (SQLException e) {
        assertTrue(e.toString().contains("Channel shutdown invoked"), e.toString());
      }
    }
  }

  @Test
  void hikari() throws Exception {
    try (Server s = new Server()) {
      HikariConfig conf = new HikariConfig();
      conf.setJdbcUrl(s.url("useEncryption=false"));
      conf.setMaximumPoolSize(4);
      conf.setConnectionTestQuery("SELECT 1");
      try (HikariDataSource pool = new HikariDataSource(conf)) {
        for (int i = 0; i < 20; i++) {
          assertEquals(i, one(pool.getConnection(), "SELECT " + i));
        }
      }
    }
  }
}
