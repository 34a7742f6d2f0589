import java.io.DataInputStream;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/**
 * Connects to a database as Carbon's pool does at start: loads the class of the driver from its jar, asks it for a connection with user and password as
 * properties, and runs the validation query.
 *
 * The standard input is a count of texts and the texts, each a big-endian length and that many bytes of UTF-8, in the order of main. Nothing secret is
 * on the command line or in the environment. The standard output is lines of a name, a blank and a value; what the driver prints goes to the
 * standard error. For the Java 6 that Carbon 4.2.0 runs on: no try with resources, no lambda, no switch over text.
 */
public class Probe implements Runnable {
    private static final String MARK = "@carbon-setup ";
    private static final int LONGEST = 2000;
    private static final int MOST = 8;

    private static PrintStream out;
    private static volatile boolean ending;
    private static String step = "read";

    private final Thread watched;
    private final long millis;

    private Probe(Thread watched, long millis) {
        this.watched = watched;
        this.millis = millis;
    }

    public static void main(String[] args) {
        int code = 1;
        try {
            out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
            System.setOut(System.err);
            say("java.version", System.getProperty("java.version"));
            say("java.vendor", System.getProperty("java.vendor"));
            say("java.home", System.getProperty("java.home"));
            String[] in = read(new DataInputStream(System.in));
            Thread watch = new Thread(new Probe(Thread.currentThread(), Long.parseLong(in[0])));
            watch.setDaemon(true);
            watch.start();
            trust(in[7], in[8], in[9]);
            test(in[1].split("\n"), in[2], in[3], in[4], in[5], in[6]);
            ending = true;
            say("end", "ok");
            code = 0;
        } catch (Throwable t) {
            ending = true;
            failure(t);
            say("end", "failed");
        }
        end(code);
    }

    /** Tells where the driver is when the time is over: the innermost place, and those that are not Java's own. */
    public void run() {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            return;
        }
        if (ending) {
            return;
        }
        StackTraceElement[] frames = watched.getStackTrace();
        int told = 0;
        for (int i = 0; i < frames.length && told < MOST; i++) {
            if (i == 0 || !frames[i].getClassName().matches("(java|javax|sun|jdk|com\\.sun)\\..*")) {
                say("hang." + told++, frames[i].toString());
            }
        }
        say("end", "hung");
        end(2);
    }

    /** Drivers leave threads behind: they are not waited for. */
    private static void end(int code) {
        out.flush();
        Runtime.getRuntime().halt(code);
    }

    private static String[] read(DataInputStream in) throws Exception {
        int count = in.readInt();
        if (count != 10) {
            throw new IllegalArgumentException("the input has " + count + " texts");
        }
        String[] texts = new String[count];
        for (int i = 0; i < count; i++) {
            int length = in.readInt();
            if (length < 0 || length > 1 << 20) {
                throw new IllegalArgumentException("a text of the input has " + length + " bytes");
            }
            byte[] bytes = new byte[length];
            in.readFully(bytes);
            texts[i] = new String(bytes, "UTF-8");
        }
        return texts;
    }

    /** The truststore that Carbon sets for its whole process at start. */
    private static void trust(String file, String password, String type) {
        if (file.length() > 0) {
            System.setProperty("javax.net.ssl.trustStore", file);
            System.setProperty("javax.net.ssl.trustStorePassword", password);
            System.setProperty("javax.net.ssl.trustStoreType", type);
        }
    }

    private static void test(String[] jars, String name, String url, String user, String password, String query) throws Exception {
        step("load");
        URL[] urls = new URL[jars.length];
        for (int i = 0; i < jars.length; i++) {
            urls[i] = new File(jars[i]).toURI().toURL();
        }
        ClassLoader loader = new URLClassLoader(urls, Probe.class.getClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        Driver driver = (Driver) Class.forName(name, true, loader).newInstance();
        say("driver.version", driver.getMajorVersion() + "." + driver.getMinorVersion());

        step("connect");
        Properties login = new Properties();
        if (user.length() > 0) {
            login.setProperty("user", user);
            login.setProperty("password", password);
        }
        long start = System.nanoTime();
        Connection connection = driver.connect(url, login);
        if (connection == null) {
            say("driver.refuses", "url");
            throw new SQLException("Driver:" + driver.getClass().getName() + " returned null");
        }
        say("connect.millis", String.valueOf((System.nanoTime() - start) / 1000000));
        try {
            describe(connection);
            step("query");
            Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery(query);
            say("query.row", String.valueOf(rows.next()));
            rows.close();
            statement.close();
        } finally {
            connection.close();
        }
    }

    private static void describe(Connection connection) throws SQLException {
        step("describe");
        DatabaseMetaData about = connection.getMetaData();
        say("database.product", about.getDatabaseProductName());
        say("database.version", about.getDatabaseProductVersion());
        say("driver.name", about.getDriverName());
        say("driver.release", about.getDriverVersion());
        say("login.user", about.getUserName());
        say("login.catalog", connection.getCatalog());
    }

    private static void step(String now) {
        step = now;
        say("step", now);
    }

    /** Tells of t, of what caused it and, for databases, of what came with it. */
    private static void failure(Throwable t) {
        Throwable at = t;
        for (int i = 0; at != null && i < MOST; i++) {
            String key = "failure." + i + ".";
            say(key + "step", step);
            say(key + "class", at.getClass().getName());
            say(key + "message", at.getMessage());
            if (at instanceof SQLException) {
                say(key + "state", ((SQLException) at).getSQLState());
                say(key + "code", String.valueOf(((SQLException) at).getErrorCode()));
            }
            StackTraceElement[] frames = at.getStackTrace();
            if (frames.length > 0) {
                say(key + "at", frames[0].toString());
            }
            Throwable cause = at.getCause();
            if (cause == null && at instanceof SQLException) {
                cause = ((SQLException) at).getNextException();
            }
            at = cause == at ? null : cause;
        }
    }

    private static synchronized void say(String key, String value) {
        if (value == null) {
            return;
        }
        StringBuilder line = new StringBuilder(MARK).append(key).append(' ');
        for (int i = 0; i < value.length() && i < LONGEST; i++) {
            char c = value.charAt(i);
            if (c == '\\') {
                line.append("\\\\");
            } else if (c < ' ' || c >= 127 && c < 160 || c >= '\u2028' && c <= '\u202e' || c == '\ufeff') {
                line.append(String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        out.print(line.append('\n').toString());
        out.flush();
    }
}
