package volley;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Folders of the tests, which go when the tests are over. */
final class Folders {
  private static final List<Path> made = new ArrayList<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> made.forEach(Folders::remove)));
  }

  private Folders() {}

  static synchronized Path make(String prefix) throws IOException {
    Path p = Files.createTempDirectory(prefix);
    made.add(p);
    return p;
  }

  private static void remove(Path folder) {
    try (var all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
    } catch (IOException e) {
      // The system's temporary folder is emptied by others.
    }
  }
}
