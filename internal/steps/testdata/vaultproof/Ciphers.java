import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.Key;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Properties;
import java.util.TreeSet;
import javax.crypto.Cipher;

/**
 * Decrypts every entry of cipher-text.properties with nothing but the JDK, from the places that secret-conf.properties names and with the password
 * that lies in a file of the home, and prints alias TAB value in UTF-8.
 *
 * Arguments: home, name of the password file in it. As the start script does, it is run with the home as its folder, so relative places work.
 */
public final class Ciphers {
    public static void main(String[] args) throws Exception {
        File home = new File(args[0]);
        Properties conf = read(new File(home, "repository/conf/security/secret-conf.properties"));
        String password = Files.readAllLines(new File(home, args[1]).toPath(), StandardCharsets.UTF_8).get(0);

        KeyStore store = KeyStore.getInstance(conf.getProperty("keystore.identity.type"));
        try (InputStream in = new FileInputStream(conf.getProperty("keystore.identity.location"))) {
            store.load(in, password.toCharArray());
        }
        Key key = store.getKey(conf.getProperty("keystore.identity.alias"), password.toCharArray());

        Properties texts = read(new File(home, conf.getProperty("secretRepositories.file.location")));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String alias : new TreeSet<String>(texts.stringPropertyNames())) {
            Cipher cipher = Cipher.getInstance("RSA/ECB/PKCS1Padding");
            cipher.init(Cipher.DECRYPT_MODE, key);
            byte[] plain = cipher.doFinal(Base64.getMimeDecoder().decode(texts.getProperty(alias)));
            out.println(alias + "\t" + new String(plain, StandardCharsets.UTF_8));
        }
    }

    private static Properties read(File file) throws IOException {
        Properties p = new Properties();
        try (InputStream in = new FileInputStream(file)) {
            p.load(in);
        }
        return p;
    }
}
