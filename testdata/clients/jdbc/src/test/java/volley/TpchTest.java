package volley;

import static org.junit.jupiter.api.Assertions.*;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.*;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.*;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The 22 queries of TPC-H, held against Spark's answers. run.sh says where they come from. */
class TpchTest {
  static final String BENCH = System.getenv("VOLLEY_BENCH");
  static final String DATA = System.getenv("VOLLEY_DATA");
  static Server server;
  static Connection con;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(BENCH != null && DATA != null, "VOLLEY_BENCH and VOLLEY_DATA name no TPC-H");
    server = new Server("--tables", DATA + "/tpch-1");
    con = server.connect();
  }

  @AfterAll
  static void stop() throws Exception {
    if (server != null) {
      con.close();
      server.close();
    }
  }

  static Stream<String> queries() {
    return IntStream.rangeClosed(1, 22).mapToObj(n -> String.format("q%02d", n));
  }

  static String cell(Object v) {
    if (v == null) {
      return "";
    }
    String s = v instanceof BigDecimal d ? d.toPlainString() : v.toString();
    return s.isEmpty() || s.matches("(?s).*[,\"\r\n].*") ? '"' + s.replace("\"", "\"\"") + '"' : s;
  }

  @ParameterizedTest
  @MethodSource("queries")
  void answer(String query) throws Exception {
    String text = Files.readString(Path.of(BENCH, "tpch/queries", query + ".sql")).strip().replaceAll(";$", "");
    StringBuilder csv = new StringBuilder();
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery(text)) {
      int columns = rs.getMetaData().getColumnCount();
      for (int i = 1; i <= columns; i++) {
        csv.append(cell(rs.getMetaData().getColumnLabel(i))).append(i < columns ? ',' : '\n');
      }
      while (rs.next()) {
        for (int i = 1; i <= columns; i++) {
          csv.append(cell(rs.getObject(i))).append(i < columns ? ',' : '\n');
        }
      }
    }
    Path out = Folders.make("tpch").resolve(query + ".csv");
    Files.writeString(out, csv);
    Process p = new ProcessBuilder("python3", BENCH + "/compare.py", BENCH + "/tpch/answers/sf1/" + query + ".csv", out.toString()).redirectErrorStream(true).start();
    String said = new String(p.getInputStream().readAllBytes());
    assertEquals(0, p.waitFor(), said);
  }
}
