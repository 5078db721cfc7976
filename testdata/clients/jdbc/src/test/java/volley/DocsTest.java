package volley;

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** The Java code of docs/clients.md compiles and runs as it stands. */
class DocsTest {
  @Test
  void clientsPage() throws Exception {
    String root = System.getenv("VOLLEY_ROOT");
    assumeTrue(root != null, "VOLLEY_ROOT is not set");
    Matcher m = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(Path.of(root, "docs/clients.md")));
    assertTrue(m.find());
    try (Server s = new Server("--tables", root + "/testdata/retail")) {
      String code = m.group(1).replace("127.0.0.1:31337", "127.0.0.1:" + s.port);
      Path dir = Folders.make("volley-docs");
      Path file = dir.resolve("Page.java");
      Files.writeString(file, "import java.sql.*;\npublic class Page implements Runnable {\n  public void run() {\n    try {\n" + code + "    } catch (Exception e) {\n      throw new RuntimeException(e);\n    }\n  }\n}\n");
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, said, said, "-d", dir.toString(), file.toString()), said.toString());
      PrintStream before = System.out;
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (URLClassLoader loader = new URLClassLoader(new URL[] {dir.toUri().toURL()}, getClass().getClassLoader())) {
        System.setOut(new PrintStream(out));
        ((Runnable) loader.loadClass("Page").getDeclaredConstructor().newInstance()).run();
      } finally {
        System.setOut(before);
      }
      assertTrue(out.toString().lines().count() > 1, out.toString());
    }
  }
}
