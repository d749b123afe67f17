import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Properties;
import javax.servlet.DispatcherType;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.lucene.index.IndexWriter;
import org.apache.solr.core.CoreContainer;
import org.apache.solr.core.SolrCore;
import org.apache.solr.servlet.CoreContainerProvider;
import org.apache.solr.servlet.SolrDispatchFilter;
import org.apache.solr.util.RefCounted;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.FilterHolder;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

/**
 * One Solr node on 127.0.0.1, without Solr's own distribution: Jetty, Solr's filter, nothing else.
 * Properties: {@code jetty.port}, {@code solr.solr.home}. SIGTERM closes the cores before the process ends.
 */
public final class SolrNode {
  private static final int HEADER_BYTES = 64 * 1024; // a faceted search of CKAN is one long GET

  private static final CoreContainerProvider PROVIDER = new CoreContainerProvider();
  private static final int LOOK_MILLISECONDS = 3_000;
  private static final int ROOM_BYTES = 16 * 1024 * 1024;

  public static void main(String[] arguments) throws Exception {
    String port = System.getProperty("jetty.port");
    Server server = new Server();
    server.addConnector(connector(server, Integer.parseInt(port)));
    server.setHandler(solr(System.getProperty("solr.solr.home"), port));
    server.setStopAtShutdown(true);
    server.setStopTimeout(20_000);
    server.start();
    watch(Path.of(System.getProperty("solr.solr.home")));
    server.join();
  }

  private static ServerConnector connector(Server server, int port) {
    HttpConfiguration http = new HttpConfiguration();
    http.setRequestHeaderSize(HEADER_BYTES);
    http.setSendServerVersion(false);
    ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
    connector.setHost("127.0.0.1"); // Solr has no authentication of its own
    connector.setPort(port);
    return connector;
  }

  private static ServletContextHandler solr(String home, String port) {
    ServletContextHandler context = new ServletContextHandler(null, "/solr", ServletContextHandler.NO_SESSIONS);
    Properties node = new Properties();
    node.setProperty("hostPort", port);
    node.setProperty("hostContext", "/solr");
    context.setAttribute(SolrDispatchFilter.PROPERTIES_ATTRIBUTE, node);
    context.setAttribute(SolrDispatchFilter.SOLRHOME_ATTRIBUTE, home);
    context.addEventListener(PROVIDER);
    FilterHolder filter = context.addFilter(SolrDispatchFilter.class, "/*", EnumSet.of(DispatcherType.REQUEST));
    filter.setInitParameter("excludePatterns", "/partials/.+,/libs/.+,/css/.+,/js/.+,/img/.+,/templates/.+");
    context.addServlet(new ServletHolder(new NotFound()), "/");
    return context;
  }

  /**
   * Ends the node when a failed write (a full disk) has closed an index for good and there is room again: only a new
   * start opens it, and reads what it had acknowledged from its log. Its supervisor starts it anew.
   */
  private static void watch(Path home) {
    Thread watching = new Thread(() -> {
      while (true) {
        try {
          Thread.sleep(LOOK_MILLISECONDS);
          if (anyClosed() && hasRoom(home)) {
            System.err.println("A failed write has closed an index: this node ends, to be started anew.");
            Runtime.getRuntime().halt(3);
          }
        } catch (InterruptedException | IOException failed) {
          continue; // no room yet
        }
      }
    }, "watch");
    watching.setDaemon(true);
    watching.start();
  }

  private static boolean anyClosed() throws IOException {
    for (SolrCore core : cores().getCores()) {
      RefCounted<IndexWriter> held = core.getSolrCoreState().getIndexWriter(null);
      if (held == null) {
        continue;
      }
      try {
        if (held.get().getTragicException() != null) {
          return true;
        }
      } finally {
        held.decref();
      }
    }
    return false;
  }

  /** Solr keeps its cores to its own package; nothing else tells that a writer is closed before a write is lost on it. */
  private static CoreContainer cores() throws IOException {
    try {
      Method getter = CoreContainerProvider.class.getDeclaredMethod("getCoreContainer");
      getter.setAccessible(true);
      return (CoreContainer) getter.invoke(PROVIDER);
    } catch (ReflectiveOperationException changed) {
      throw new IOException(changed);
    }
  }

  private static boolean hasRoom(Path home) throws IOException {
    Path tried = home.resolve(".room");
    try {
      Files.write(tried, new byte[ROOM_BYTES]);
      return true;
    } finally {
      Files.deleteIfExists(tried);
    }
  }

  /** What Solr's filter lets through is nothing of ours. */
  private static final class NotFound extends HttpServlet {
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
      response.sendError(404);
    }
  }
}
