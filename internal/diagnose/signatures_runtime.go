package diagnose

var serverScript = []Place{{serverSh, ""}}

// javaSignatures are of guideline 3.
var javaSignatures = []Signature{
	{
		ID: "D-3.1", Guideline: 3, Severity: Error,
		Anchors: []string{"PermGen space", "OutOfMemoryError: Metaspace"}, Pattern: `OutOfMemoryError: (?:PermGen space|Metaspace)`,
		Title:  "The memory for classes is full.",
		Why:    "MaxPermSize is too small (256m as shipped), or JAVA_OPTS of the environment sets another. The server has to be started again.",
		Fix:    "Set MaxPermSize to 1024m with the step for the JVM; on Java 8 it is MaxMetaspaceSize.",
		Source: "Java", Where: serverScript,
	},
	{
		ID: "D-3.2", Guideline: 3, Severity: Error,
		Anchors: []string{"Java heap space", "GC overhead limit exceeded"}, Pattern: `OutOfMemoryError: (?:Java heap space|GC overhead limit exceeded)`,
		Title:  "The heap is full.",
		Why:    "-Xmx is too small for the load, or something does not let go of its memory. The server has to be started again.",
		Fix:    "Set -Xmx to 2048m or more with the step for the JVM, and look at repository/logs/heap-dump.hprof.",
		Source: "Java", Where: serverScript,
	},
	{
		ID: "D-3.3", Guideline: 3, Severity: Warning, Loose: true,
		Anchors: []string{"in unsupported JDK", "is supported only on JDK"}, Pattern: `Starting WSO2 Carbon \(in unsupported JDK\)|CARBON is supported only on JDK 1\.6 and 1\.7`,
		Title:  "The server was started with a Java that it does not know.",
		Why:    "Carbon 4.2.0 is made for Java 6 and 7. With 8 it mostly works, with 9 and later it does not start.",
		Fix:    "Point JAVA_HOME at Java 7: the step for the JVM says which Java the scripts take.",
		Source: "bin/wso2server.sh", Where: serverScript,
	},
	{
		ID: "D-3.4", Guideline: 3, Severity: Error, Loose: true,
		Anchors: []string{"-Djava.endorsed.dirs="}, Pattern: `-Djava\.endorsed\.dirs=.* is not supported`,
		Title:  "This Java is too new: it knows no endorsed folders, and did not start.",
		Why:    "Java 9 and later stop at an option that the start script needs.",
		Fix:    "Point JAVA_HOME at Java 7 or 8.",
		Source: "the launcher of Java 9 and later", Where: serverScript,
	},
	{
		ID: "D-3.5", Guideline: 3, Severity: Error, Loose: true,
		Anchors: []string{"Unrecognized VM option"}, Pattern: `Unrecognized VM option '`,
		Title:  "Java does not know an option of the start script, and did not start.",
		Why:    "MaxPermSize is gone in Java 17 and later; other options come and go likewise.",
		Fix:    "Point JAVA_HOME at Java 7 or 8, or take the option out.",
		Source: "the launcher of Java", Where: serverScript,
	},
	{
		ID: "D-3.6", Guideline: 3, Severity: Error, Loose: true,
		Anchors: []string{"Could not reserve enough space"}, Pattern: `Could not reserve enough space for (?:\d+KB )?object heap`,
		Title:  "There is not enough memory for the heap, and Java did not start.",
		Why:    "-Xms or -Xmx is more than the machine, its container or a 32-bit Java can give. A heap of 2 GB wants about 4 GB.",
		Fix:    "Set a smaller -Xmx with the step for the JVM, or give the machine more memory.",
		Source: "the launcher of Java", Where: serverScript,
	},
}

// runtimeSignatures are of guidelines 8, 9, 11 and 16.
var runtimeSignatures = []Signature{
	{
		ID: "D-8.1", Guideline: 8, Severity: Error,
		Anchors: []string{"Port already in use"}, Pattern: `ExportException: Port already in use: \d+`,
		Title:  "A port of JMX is taken.",
		Why:    "Another process listens on it: mostly a second server with the same offset, or an old one that has not ended.",
		Fix:    "End the other process, or set another offset or other ports with the steps for ports and JMX.",
		Source: "the RMI of Java", Where: []Place{{carbonXML, "/Server/Ports/JMX/RMIRegistryPort"}, {carbonXML, "/Server/Ports/JMX/RMIServerPort"}, {carbonXML, "/Server/Ports/Offset"}},
	},
	{
		ID: "D-9.1", Guideline: 9, Severity: Warning,
		Anchors: []string{"below the recommended minimum"}, Pattern: `(?:CPU|RAM|Swap|Disk|disk)\b.*below the recommended minimum`,
		Title:  "The machine has less than Carbon asks for.",
		Why:    "The start compares CPU, memory, swap and disk with etc/config-validation.xml.",
		Fix:    "Give the machine what the message names.",
		Source: "the validator at the start of Carbon", Where: []Place{{"repository/conf/etc/config-validation.xml", ""}},
	},
	{
		ID: "D-9.2", Guideline: 9, Severity: Warning,
		Anchors: []string{"Open files limit", "Too many open files"}, Pattern: `Open files limit ?:.*below the recommended minimum|Too many open files`,
		Title:  "The server may open too few files.",
		Why:    "Every connection is an open file. When none is left, connections fail and logs stop.",
		Fix:    "Set nofile to 4096 or more for the server's user in /etc/security/limits.d, or LimitNOFILE in its unit.",
		Source: "the validator at the start of Carbon, and the operating system", Where: []Place{{"repository/conf/etc/config-validation.xml", ""}},
	},
	{
		ID: "D-9.3", Guideline: 9, Severity: Error,
		Anchors: []string{"unable to create new native thread"}, Pattern: `OutOfMemoryError: unable to create new native thread`,
		Title:  "The operating system gave no more threads.",
		Why:    "The limit of processes of the server's user, or of its unit or container, is reached; it is not the heap.",
		Fix:    "Set nproc in /etc/security/limits.d, or TasksMax in its unit.",
		Source: "Java",
	},
	{
		ID: "D-9.4", Guideline: 9, Severity: Warning,
		Anchors: []string{"below the recommended minimum"}, Pattern: `(?:Heap|PermGen|Perm Gen)\b.*below the recommended minimum`,
		Title:  "The memory of Java is smaller than Carbon asks for.",
		Why:    "The start compares heap and PermGen with etc/config-validation.xml.",
		Fix:    "Set them with the step for the JVM.",
		Source: "the validator at the start of Carbon", Where: serverScript,
	},
	{
		ID: "D-11.1", Guideline: 11, Severity: Error, Consequence: true,
		Anchors: []string{"Address already in use"}, Pattern: `BindException: Address already in use`,
		Title:  "A port is taken. Java does not say which one.",
		Why:    "Another process listens on it: mostly a second server with the same offset. The offset does not move every port: 10397, 7612 and 4000 stay.",
		Fix:    "The step for ports has the table of all ports in force and tries each of them.",
		Source: "Java", Where: []Place{{carbonXML, "/Server/Ports/Offset"}},
	},
	{
		ID: "D-16.1", Guideline: 16, Severity: Warning, Loose: true,
		Anchors: []string{"No such property ["}, Pattern: `log4j:WARN No such property \[(?i:maxBackupIndex|maxFileSize|datePattern)\]`,
		Title:  "An option of a log has no effect: its appender does not know it.",
		Why:    "MaxFileSize and MaxBackupIndex belong to RollingFileAppender. The daily appender that Carbon ships keeps its files for ever.",
		Fix:    "Change the class together with the options: the step for the logs does.",
		Source: "log4j", Where: []Place{{log4jProps, ""}},
	},
	{
		ID: "D-16.2", Guideline: 16, Severity: Error,
		Anchors: []string{"No space left on device"}, Pattern: `No space left on device`,
		Title:  "The disk is full.",
		Why:    "Logs that nobody deletes are the usual cause: the error log never rotates, and access and audit logs are kept for ever. Databases and deployments break next.",
		Fix:    "Make room, then set rotation for every log with the step for the logs.",
		Source: "the operating system", Where: []Place{{log4jProps, ""}},
	},
}
