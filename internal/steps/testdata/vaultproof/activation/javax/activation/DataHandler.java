package javax.activation;

/** Axiom names it, and newer JDKs have it no more; nothing here calls it. */
public class DataHandler {
}
