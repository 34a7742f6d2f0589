import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.namespace.QName;
import org.apache.axiom.om.OMElement;
import org.apache.axiom.om.impl.builder.StAXOMBuilder;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.wso2.carbon.apimgt.impl.APIManagerConfiguration;
import org.wso2.carbon.apimgt.impl.dto.Environment;
import org.wso2.carbon.base.ServerConfiguration;
import org.wso2.carbon.identity.core.util.IdentityConfigParser;
import org.wso2.carbon.ndatasource.core.internal.DataSourceServiceComponent;
import org.wso2.carbon.ndatasource.core.utils.DataSourceUtils;
import org.wso2.carbon.ntask.core.TaskUtils;
import org.wso2.carbon.ntask.core.internal.TasksDSComponent;
import org.wso2.carbon.registry.common.eventing.WorkListConfig;
import org.wso2.carbon.registry.common.utils.CommonUtil;
import org.wso2.carbon.registry.core.config.DataBaseConfiguration;
import org.wso2.carbon.registry.core.config.RemoteConfiguration;
import org.wso2.carbon.securevault.SecretManagerInitializer;
import org.wso2.carbon.tomcat.internal.ServerManager;
import org.wso2.carbon.user.api.RealmConfiguration;
import org.wso2.carbon.user.core.config.RealmConfigXMLProcessor;
import org.wso2.carbon.user.core.config.UserStoreConfigXMLProcessor;
import org.wso2.carbon.utils.CarbonUtils;
import org.wso2.securevault.SecretResolver;
import org.wso2.securevault.SecretResolverFactory;
import org.wso2.securevault.secret.SecretManager;

/**
 * Has the classes of a real pack read a home and prints what they take for the values: file TAB what TAB value, in UTF-8. "what" is the name by which
 * the server asks for the value.
 *
 * Argument: home. Run with it as the folder and as carbon.home, as the start script does. A reader that fails prints file TAB "!" TAB the reason.
 */
public final class Readers {
    private static PrintStream out;
    private static File conf;

    private interface Reader {
        void read() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(System.err); // what the product logs is no part of the answer
        conf = new File(args[0], "repository/conf");
        tell("vault", "initialized", String.valueOf(vault()));
        run("carbon.xml", Readers::carbon);
        run("user-mgt.xml", Readers::users);
        run("identity.xml", Readers::identity);
        run("api-manager.xml", Readers::apiManager);
        run("registry.xml", Readers::registry);
        run("tomcat/catalina-server.xml", Readers::connectors);
        File[] sources = new File(conf, "datasources").listFiles((dir, name) -> name.endsWith("-datasources.xml"));
        for (File f : sorted(sources)) {
            run("datasources/" + f.getName(), () -> sources(f));
        }
        for (File f : sorted(new File(args[0], "repository/deployment/server/userstores").listFiles((dir, name) -> name.endsWith(".xml")))) {
            run("userstores/" + f.getName(), () -> secondary(f));
        }
        for (String name : new String[] {"axis2/axis2.xml", "axis2/axis2_client.xml", "axis2/axis2_blocking_client.xml", "axis2/tenant-axis2.xml"}) {
            run(name, () -> transports(name));
        }
        run("event-broker.xml", Readers::broker);
        run("etc/tasks-config.xml", Readers::tasks);
        System.exit(0); // tools of the product leave threads behind
    }

    /** Starts the vault as ServerConfiguration does before it reads carbon.xml. */
    private static boolean vault() {
        try {
            new SecretManagerInitializer().init();
        } catch (Throwable t) {
            tell("vault", "!", reason(t));
        }
        return SecretManager.getInstance().isInitialized();
    }

    private static void run(String file, Reader reader) {
        File at = new File(conf, file);
        if (!file.startsWith("userstores/") && !at.exists()) {
            return;
        }
        try {
            reader.read();
        } catch (Throwable t) {
            tell(file, "!", reason(t));
        }
    }

    private static String reason(Throwable t) {
        while (t instanceof InvocationTargetException && t.getCause() != null) {
            t = t.getCause();
        }
        return String.valueOf(t).replace('\n', ' ').replace('\t', ' ');
    }

    private static void tell(String file, String what, String value) {
        out.println(file + "\t" + what + "\t" + value);
    }

    private static File[] sorted(File[] files) {
        if (files == null) {
            return new File[0];
        }
        Arrays.sort(files);
        return files;
    }

    private static boolean secretName(String name) {
        String n = name.toLowerCase();
        return n.endsWith("password") && !n.endsWith("saltedpassword") || n.endsWith("keystorepass");
    }

    private static void carbon() throws Exception {
        ServerConfiguration config = ServerConfiguration.getInstance();
        config.init(new File(conf, "carbon.xml").getPath());
        Field all = ServerConfiguration.class.getDeclaredField("configuration");
        all.setAccessible(true);
        for (Object key : new TreeMap<Object, Object>((Map<?, ?>) all.get(config)).keySet()) {
            if (secretName((String) key)) {
                tell("carbon.xml", (String) key, config.getFirstProperty((String) key));
            }
        }
    }

    private static void users() throws Exception {
        RealmConfiguration realm = new RealmConfigXMLProcessor().buildRealmConfigurationFromFile();
        tell("user-mgt.xml", "AdminUser", realm.getAdminPassword());
        properties("user-mgt.xml", "Configuration", realm.getRealmProperties());
        for (RealmConfiguration r = realm; r != null; r = r.getSecondaryRealmConfig()) {
            properties("user-mgt.xml", r.getUserStoreProperty("DomainName"), r.getUserStoreProperties());
        }
    }

    private static void secondary(File f) throws Exception {
        UserStoreConfigXMLProcessor p = new UserStoreConfigXMLProcessor(f.getPath());
        Method root = UserStoreConfigXMLProcessor.class.getDeclaredMethod("getRealmElement");
        root.setAccessible(true);
        Object element = root.invoke(p);
        Field resolver = UserStoreConfigXMLProcessor.class.getDeclaredField("secretResolver");
        resolver.setAccessible(true);
        Method read = UserStoreConfigXMLProcessor.class.getDeclaredMethod("getChildPropertyElements", OMElement.class, SecretResolver.class);
        read.setAccessible(true);
        Map<?, ?> all = (Map<?, ?>) read.invoke(p, element, resolver.get(p));
        properties("userstores/" + f.getName(), String.valueOf(all.get("DomainName")), all);
    }

    private static void properties(String file, String owner, Map<?, ?> properties) {
        for (Map.Entry<?, ?> e : new TreeMap<Object, Object>(properties).entrySet()) {
            if (secretName((String) e.getKey())) {
                tell(file, owner + "/" + e.getKey(), (String) e.getValue());
            }
        }
    }

    private static void identity() throws Exception {
        Map<String, Object> all = IdentityConfigParser.getInstance(new File(conf, "identity.xml").getPath()).getConfiguration();
        for (Map.Entry<String, Object> e : new TreeMap<String, Object>(all).entrySet()) {
            if (secretName(e.getKey())) {
                tell("identity.xml", e.getKey(), String.valueOf(e.getValue()));
            }
        }
    }

    private static void apiManager() throws Exception {
        APIManagerConfiguration config = new APIManagerConfiguration();
        config.load(new File(conf, "api-manager.xml").getPath());
        Field all = APIManagerConfiguration.class.getDeclaredField("configuration");
        all.setAccessible(true);
        for (Object key : new TreeMap<Object, Object>((Map<?, ?>) all.get(config)).keySet()) {
            // The environments are read apart, and these are not what is used of them.
            if (secretName((String) key) && !key.equals("APIGateway.Environments.Environment.Password")) {
                tell("api-manager.xml", (String) key, config.getFirstProperty((String) key));
            }
        }
        for (Environment e : config.getApiGatewayEnvironments()) {
            tell("api-manager.xml", "Environment/" + e.getName(), e.getPassword());
        }
    }

    /** The elements as RegistryConfigurationProcessor takes them, which itself wants its databases; the passwords by its own configuration classes. */
    private static void registry() throws Exception {
        InputStream in = CarbonUtils.replaceSystemVariablesInXml(new FileInputStream(new File(conf, "registry.xml")));
        OMElement root = new StAXOMBuilder(in).getDocumentElement();
        SecretResolver resolver = SecretResolverFactory.create(root, false);
        for (Iterator<?> it = root.getChildrenWithName(new QName("dbConfig")); it.hasNext();) {
            OMElement e = (OMElement) it.next();
            OMElement password = e.getFirstChildWithName(new QName("password"));
            if (password != null) {
                DataBaseConfiguration c = new DataBaseConfiguration();
                c.setPasswordManager(resolver);
                c.setConfigName(e.getAttributeValue(new QName("name")));
                c.setPassWord(password.getText());
                tell("registry.xml", "dbConfig/" + c.getConfigName(), c.getResolvedPassword());
            }
        }
        for (Iterator<?> it = root.getChildrenWithName(new QName("remoteInstance")); it.hasNext();) {
            OMElement e = (OMElement) it.next();
            OMElement password = e.getFirstChildWithName(new QName("password"));
            if (password != null) {
                RemoteConfiguration c = new RemoteConfiguration();
                c.setPasswordManager(resolver);
                c.setId(e.getFirstChildWithName(new QName("id")).getText());
                c.setTrustedPwd(password.getText());
                tell("registry.xml", "remoteInstance/" + c.getId(), c.getResolvedTrustedPwd());
            }
        }
        OMElement scm = root.getFirstChildWithName(new QName("scm"));
        if (scm != null) {
            for (Iterator<?> it = scm.getChildrenWithName(new QName("connection")); it.hasNext();) {
                OMElement e = (OMElement) it.next();
                String text = e.getFirstChildWithName(new QName("password")).getText();
                tell("registry.xml", "scm/" + e.getAttributeValue(new QName("mountPoint")), CommonUtil.getResolvedPassword(resolver, "scm", text));
            }
        }
        if (root.getFirstChildWithName(new QName("workList")) != null) {
            tell("registry.xml", "workList", new WorkListConfig().getPassword());
        }
    }

    /** Every attribute of the connectors that ServerManager has put a secret into. */
    private static void connectors() throws Exception {
        Element root;
        try (InputStream in = new FileInputStream(new File(conf, "tomcat/catalina-server.xml"))) {
            root = ServerManager.inputStreamToDOM(in);
        }
        if (SecretManager.getInstance().isInitialized()) {
            ServerManager manager = new ServerManager();
            Field resolver = ServerManager.class.getDeclaredField("resolver");
            resolver.setAccessible(true);
            resolver.set(manager, SecretResolverFactory.create(root, true));
            Method resolve = ServerManager.class.getDeclaredMethod("resolveSecuredConfig", Node.class, String.class);
            resolve.setAccessible(true);
            resolve.invoke(manager, root, null);
        }
        NodeList all = root.getElementsByTagName("Connector");
        for (int i = 0; i < all.getLength(); i++) {
            NamedNodeMap attributes = all.item(i).getAttributes();
            for (int j = 0; j < attributes.getLength(); j++) {
                if (secretName(attributes.item(j).getNodeName())) {
                    tell("tomcat/catalina-server.xml", "Connector/" + i + "/@" + attributes.item(j).getNodeName(), attributes.item(j).getNodeValue());
                }
            }
        }
    }

    /** Resolves as DataSourceManager does at start; what stands in the elements then is what the datasources are made with. */
    private static void sources(File f) throws Exception {
        String file = "datasources/" + f.getName();
        Field service = DataSourceServiceComponent.class.getDeclaredField("secretCallbackHandlerService");
        service.setAccessible(true);
        service.set(null, new SecretManagerInitializer().init());
        Document doc = DataSourceUtils.convertToDocument(f);
        DataSourceUtils.secureResolveDocument(doc, true);
        NodeList all = doc.getElementsByTagName("datasource");
        for (int i = 0; i < all.getLength(); i++) {
            Element source = (Element) all.item(i);
            String name = source.getElementsByTagName("name").item(0).getTextContent().trim();
            NodeList below = source.getElementsByTagName("*");
            for (int j = 0; j < below.getLength(); j++) {
                Element e = (Element) below.item(j);
                String what = e.hasAttribute("name") ? e.getAttribute("name") : e.getNodeName();
                if (secretName(what)) {
                    tell(file, name + "/" + what, e.getTextContent());
                }
            }
        }
    }

    private static OMElement document(String file) throws Exception {
        InputStream in = new FileInputStream(new File(conf, file)); // the builder reads it while it is asked
        return new StAXOMBuilder(in).getDocumentElement();
    }

    /**
     * AxisConfigBuilder, which some packs cannot be had with, asks the resolver of the file for these names: one for all receivers and one for all
     * senders, of the first element of the parameters keystore and truststore, and of the mail password of senders.
     */
    private static void transports(String file) throws Exception {
        OMElement root = document(file);
        SecretResolver resolver = SecretResolverFactory.create(root, false);
        for (String[] side : new String[][] {{"transportReceiver", "Listener"}, {"transportSender", "Sender"}}) {
            for (Iterator<?> it = root.getChildrenWithName(new QName(side[0])); it.hasNext();) {
                OMElement transport = (OMElement) it.next();
                String of = side[0] + "/" + transport.getAttributeValue(new QName("name")) + "/";
                for (Iterator<?> params = transport.getChildrenWithName(new QName("parameter")); params.hasNext();) {
                    OMElement p = (OMElement) params.next();
                    String name = p.getAttributeValue(new QName("name"));
                    OMElement store = p.getFirstElement();
                    if (name.equals("keystore") && store != null) {
                        axis(file, of, resolver, store, "KeyStore", "Password", side[1]);
                        axis(file, of, resolver, store, "KeyStore", "KeyPassword", side[1]);
                    } else if (name.equals("truststore") && store != null) {
                        axis(file, of, resolver, store, "TrustStore", "Password", side[1]);
                    } else if (name.equals("mail.smtp.password")) {
                        tell(file, of + name, asked(resolver, side[1].equals("Sender") ? "Axis2.Mailto.Parameter.Password" : null, p.getText()));
                    }
                }
            }
        }
    }

    private static void axis(String file, String of, SecretResolver resolver, OMElement store, String kind, String what, String side) {
        OMElement e = store.getFirstChildWithName(new QName(what));
        if (e != null) {
            tell(file, of + kind + "." + what, asked(resolver, "Axis2.Https." + side + "." + kind + "." + what, e.getText()));
        }
    }

    /** QpidJMSDeliveryManagerFactory, which logs in at once, asks for one name. */
    private static void broker() throws Exception {
        String ns = "http://wso2.org/carbon/event/broker";
        OMElement root = document("event-broker.xml");
        SecretResolver resolver = SecretResolverFactory.create(root, false);
        for (Iterator<?> brokers = root.getChildrenWithName(new QName(ns, "eventBroker")); brokers.hasNext();) {
            for (Iterator<?> it = ((OMElement) brokers.next()).getChildrenWithName(new QName(ns, "deliveryManager")); it.hasNext();) {
                OMElement remote = ((OMElement) it.next()).getFirstChildWithName(new QName(ns, "remoteMessageBroker"));
                if (remote != null) {
                    String text = remote.getFirstChildWithName(new QName(ns, "password")).getText();
                    tell("event-broker.xml", "remoteMessageBroker", asked(resolver, "eventBrokerConfig.eventBroker.deliveryManager.remoteMessageBroker.password", text));
                }
            }
        }
    }

    private static String asked(SecretResolver resolver, String alias, String text) {
        return alias != null && resolver.isInitialized() && resolver.isTokenProtected(alias) ? resolver.resolve(alias) : text;
    }

    /** Resolves as TaskServiceXMLConfiguration does; every element that is named like a password. */
    private static void tasks() throws Exception {
        Field service = TasksDSComponent.class.getDeclaredField("secretCallbackHandlerService");
        service.setAccessible(true);
        service.set(null, new SecretManagerInitializer().init());
        Document doc = TaskUtils.convertToDocument(new File(conf, "etc/tasks-config.xml"));
        TaskUtils.secureResolveDocument(doc);
        NodeList all = doc.getElementsByTagName("*");
        for (int i = 0; i < all.getLength(); i++) {
            if (secretName(all.item(i).getNodeName())) {
                tell("etc/tasks-config.xml", all.item(i).getNodeName(), all.item(i).getTextContent());
            }
        }
    }
}
