package volley;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/** A `volley serve` process on a free port. */
final class Server implements AutoCloseable {
  static final String BIN = System.getenv().getOrDefault("VOLLEY_BIN", "volley");

  final Path folder;
  final String address;
  final int port;
  private final String metrics;
  private final Process process;

  Server(String... args) throws Exception {
    folder = Folders.make("volley-jdbc");
    Path ready = folder.resolve("ready");
    List<String> cmd = new ArrayList<>(List.of(BIN, "serve", "--listen", "127.0.0.1:0", "--ready-file", ready.toString(), "--state", state(), "--drain", "2s"));
    cmd.addAll(List.of(args));
    File log = folder.resolve("log").toFile();
    process = new ProcessBuilder(cmd).redirectErrorStream(true).redirectOutput(log).start();
    long deadline = System.currentTimeMillis() + 30_000;
    while (!Files.exists(ready)) {
      if (!process.isAlive() || System.currentTimeMillis() > deadline) {
        throw new IllegalStateException("the server did not start: " + Files.readString(log.toPath()));
      }
      Thread.sleep(20);
    }
    String[] lines = Files.readString(ready).split("\\s+");
    address = lines[0];
    metrics = lines.length > 1 ? lines[1] : null;
    port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  String state() {
    return folder.resolve("state").toString();
  }

  String url(String options) {
    return "jdbc:arrow-flight-sql://localhost:" + port + "/?" + options;
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url("useEncryption=false"), new Properties());
  }

  Connection connect(String options) throws SQLException {
    return DriverManager.getConnection(url(options), new Properties());
  }

  /** A number that the server tells Prometheus; it must run with --metrics. */
  double metric(String name) throws Exception {
    try (var in = new java.net.URI("http://" + metrics + "/metrics").toURL().openStream()) {
      return new String(in.readAllBytes()).lines().filter(l -> l.startsWith(name + " ")).mapToDouble(l -> Double.parseDouble(l.substring(name.length() + 1))).findFirst().orElseThrow();
    }
  }

  @Override
  public void close() throws Exception {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    String log = Files.readString(folder.resolve("log"));
    if (log.contains("panic")) {
      throw new AssertionError(log);
    }
  }

  /** A hash of a password for a file of users. */
  static String hash(String password) throws Exception {
    Process p = new ProcessBuilder(BIN, "serve", "hash-password").start();
    p.getOutputStream().write(password.getBytes());
    p.getOutputStream().close();
    return new String(p.getInputStream().readAllBytes()).trim();
  }
}
