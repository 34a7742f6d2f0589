#!/bin/sh
# Start script of the sample install. It has the java command line of a Carbon 4.2.0 product; the jars are not there.
#
# JAVA_HOME must point at a JDK. JAVA_OPTS, when set, is passed to java after the options below.

# The home is one above the folder of this script, through any link.
SELF="$0"
while [ -h "$SELF" ]; do
  TARGET=`readlink "$SELF"`
  case "$TARGET" in
  /*) SELF="$TARGET" ;;
  *)  SELF=`dirname "$SELF"`/"$TARGET" ;;
  esac
done
[ -z "$CARBON_HOME" ] && CARBON_HOME=`cd "\`dirname "$SELF"\`/.." && pwd`
export CARBON_HOME

case "`uname`" in
Darwin)
  if [ -z "$JAVA_HOME" ]; then
    JAVA_HOME=/System/Library/Frameworks/JavaVM.framework/Versions/${JAVA_VERSION}/Home
  fi
  ;;
esac

if [ -z "$JAVA_HOME" ]; then
  echo "Error: set JAVA_HOME to the JDK that shall run the server."
  exit 1
fi
JAVACMD="$JAVA_HOME/bin/java"
if [ ! -x "$JAVACMD" ]; then
  echo "Error: $JAVACMD cannot be executed."
  exit 1
fi

PIDFILE="$CARBON_HOME/wso2carbon.pid"
launch() {
  # Options of the caller do not reach the server: it is started with none.
  nohup bash "$CARBON_HOME/bin/wso2server.sh" > /dev/null 2>&1 &
}
for c in "$@"; do
  case "$c" in
  start|-start|--start)
    if [ -e "$PIDFILE" ] && kill -0 `tr -cd 0-9 < "$PIDFILE"` 2> /dev/null; then
      echo "The server runs already."
      exit 0
    fi
    launch
    exit 0
    ;;
  stop|-stop|--stop)
    kill -TERM `tr -cd 0-9 < "$PIDFILE"`
    exit $?
    ;;
  version|-version|--version)
    cat "$CARBON_HOME/bin/version.txt" "$CARBON_HOME/bin/wso2carbon-version.txt"
    exit 0
    ;;
  esac
done

if [ -z "`"$JAVACMD" -version 2>&1 | grep '1.[6|7]'`" ]; then
  echo "[ERROR] CARBON is supported only on JDK 1.6 and 1.7"
fi

CARBON_XBOOTCLASSPATH=""
for f in "$CARBON_HOME"/lib/xboot/*.jar; do
  [ -e "$f" ] && CARBON_XBOOTCLASSPATH="$CARBON_XBOOTCLASSPATH":"$f"
done
JAVA_ENDORSED_DIRS="$CARBON_HOME/lib/endorsed":"$JAVA_HOME/jre/lib/endorsed":"$JAVA_HOME/lib/endorsed"
CARBON_CLASSPATH="$JAVA_HOME/lib/tools.jar"
for f in "$CARBON_HOME"/bin/*.jar; do
  [ -e "$f" ] && CARBON_CLASSPATH="$CARBON_CLASSPATH":"$f"
done

cd "$CARBON_HOME"

# 121 is the exit status by which the server asks to be started again.
status=121

#For JMX from another host:
#   -Djava.rmi.server.hostname="address.of.this.host"

while [ "$status" = 121 ]
do
    $JAVACMD \
    -Xbootclasspath/a:"$CARBON_XBOOTCLASSPATH" \
    -Xms256m -Xmx1024m -XX:MaxPermSize=256m \
    -XX:+HeapDumpOnOutOfMemoryError \
    -XX:HeapDumpPath="$CARBON_HOME/repository/logs/heap-dump.hprof" \
    $JAVA_OPTS \
    -Dcom.sun.management.jmxremote \
    -classpath "$CARBON_CLASSPATH" \
    -Djava.endorsed.dirs="$JAVA_ENDORSED_DIRS" \
    -Djava.io.tmpdir="$CARBON_HOME/tmp" \
    -Dcatalina.base="$CARBON_HOME/lib/tomcat" \
    -Dwso2.server.standalone=true \
    -Dcarbon.registry.root=/ \
    -Djava.command="$JAVACMD" \
    -Dcarbon.home="$CARBON_HOME" \
    -Djava.util.logging.manager=org.apache.juli.ClassLoaderLogManager \
    -Djava.util.logging.config.file="$CARBON_HOME/repository/conf/etc/logging-bridge.properties" \
    -Dcarbon.config.dir.path="$CARBON_HOME/repository/conf" \
    -Dcomponents.repo="$CARBON_HOME/repository/components/plugins" \
    -Dconf.location="$CARBON_HOME/repository/conf"\
    -Dcom.atomikos.icatch.file="$CARBON_HOME/lib/transactions.properties" \
    -Dcom.atomikos.icatch.hide_init_file_path=true \
    -Dorg.apache.jasper.runtime.BodyContentImpl.LIMIT_BUFFER=true \
    -Dcom.sun.jndi.ldap.connect.pool.timeout=3000  \
    -Dorg.terracotta.quartz.skipUpdateCheck=true \
    -Djava.security.egd=file:/dev/./urandom \
    -Dfile.encoding=UTF8 \
    -DapplyPatches \
    org.wso2.carbon.bootstrap.Bootstrap $*
    status=$?
done
