package edit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// sampleXML returns a document of the kind and about the size of a transport configuration: 50 KB times n.
func sampleXML(n int) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!--\n  ~ Some lines that come first\n  -->\n<axisconfig name=\"AxisJava2.0\">\n")
	for i := range 120 * n {
		fmt.Fprintf(&b, "    <!-- ================ block %d ================ -->\n", i)
		fmt.Fprintf(&b, "    <transportReceiver name=\"https%d\" class=\"org.example.transport.Listener\">\n", i)
		fmt.Fprintf(&b, "        <parameter name=\"port\" locked=\"false\">%d</parameter>\n", 8000+i)
		b.WriteString("        <parameter name=\"filter\" locked=\"false\">(&amp;(objectClass=person)(uid=?))</parameter>\n")
		b.WriteString("        <!--parameter name=\"bind-address\" locked=\"false\">hostname or IP address</parameter-->\n")
		b.WriteString("    </transportReceiver>\n")
	}
	b.WriteString("</axisconfig>")
	return b.Bytes()
}

func BenchmarkXMLParse(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		data := sampleXML(n)
		b.Run(fmt.Sprintf("%dx", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseXML("axis2.xml", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkXMLJudge is what etree takes for the same document, twice in the first Commit and once in each further one.
func BenchmarkXMLJudge(b *testing.B) {
	data := sampleXML(1)
	x, err := ParseXML("axis2.xml", data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := x.tree.judged(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkXMLEdit parses, looks up five values, changes them and commits.
func BenchmarkXMLEdit(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		data := sampleXML(n)
		b.Run(fmt.Sprintf("%dx", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				x, err := ParseXML("axis2.xml", data)
				if err != nil {
					b.Fatal(err)
				}
				for i := range 5 {
					e := x.First(fmt.Sprintf("/axisconfig/transportReceiver[@name='https%d']/parameter[@name='port']", 20*i))
					if err := x.SetText(e, strings.Repeat("9", 4)); err != nil {
						b.Fatal(err)
					}
				}
				if s, err := x.Commit(); err != nil || len(s) != 5 {
					b.Fatal(err, len(s))
				}
			}
		})
	}
}

// BenchmarkXMLFind looks up one value below the root of an unchanged document.
func BenchmarkXMLFind(b *testing.B) {
	x, err := ParseXML("axis2.xml", sampleXML(1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if x.First("/axisconfig/transportReceiver[@name='https77']/parameter[@name='port']").Text() != "8077" {
			b.Fatal("wrong value")
		}
	}
}
