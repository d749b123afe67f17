import java.io.IOException;
import java.util.EnumSet;
import java.util.Properties;
import javax.servlet.DispatcherType;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.solr.servlet.CoreContainerProvider;
import org.apache.solr.servlet.SolrDispatchFilter;
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

  public static void main(String[] arguments) throws Exception {
    String port = System.getProperty("jetty.port");
    Server server = new Server();
    server.addConnector(connector(server, Integer.parseInt(port)));
    server.setHandler(solr(System.getProperty("solr.solr.home"), port));
    server.setStopAtShutdown(true);
    server.setStopTimeout(20_000);
    server.start();
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
    context.addEventListener(new CoreContainerProvider());
    FilterHolder filter = context.addFilter(SolrDispatchFilter.class, "/*", EnumSet.of(DispatcherType.REQUEST));
    filter.setInitParameter("excludePatterns", "/partials/.+,/libs/.+,/css/.+,/js/.+,/img/.+,/templates/.+");
    context.addServlet(new ServletHolder(new NotFound()), "/");
    return context;
  }

  /** What Solr's filter lets through is nothing of ours. */
  private static final class NotFound extends HttpServlet {
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
      response.sendError(404);
    }
  }
}
