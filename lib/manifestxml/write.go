package manifestxml

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// KeyOf gives the key of a service, as generate-deployment-model.nix of Disnix
// does: the SHA-256 of builtins.toXML of its properties. Disnix tells by it
// whether a service has changed, so that of an unchanged one has to be the same,
// whoever makes the manifest. The keys of what it depends on come in the order
// of their services' names.
func KeyOf(name, kind, pkg string, dependsOn []string) string {
	var b strings.Builder
	b.WriteString("<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <attrs>\n    <attr name=\"dependsOn\">\n")
	b.WriteString("      <list>\n")
	for _, key := range dependsOn {
		b.WriteString("        <attrs>\n")
		for _, attr := range [][2]string{{"container", Process}, {"service", key}, {"target", Localhost}} {
			fmt.Fprintf(&b, "          <attr name=\"%s\">\n            <string value=\"%s\" />\n          </attr>\n", attr[0], toXML.Replace(attr[1]))
		}
		b.WriteString("        </attrs>\n")
	}
	b.WriteString("      </list>\n    </attr>\n")
	for _, attr := range [][2]string{{"name", name}, {"pkg", pkg}, {"type", kind}} {
		fmt.Fprintf(&b, "    <attr name=\"%s\">\n      <string value=\"%s\" />\n    </attr>\n", attr[0], toXML.Replace(attr[1]))
	}
	b.WriteString("  </attrs>\n</expr>\n")
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// toXML escapes as Nix does.
var toXML = strings.NewReplacer(`"`, "&quot;", "<", "&lt;", ">", "&gt;", "&", "&amp;", "\n", "&#xA;")

// Encode gives the bytes of the manifest's file.
func (m Manifest) Encode() []byte {
	d := newWriter("manifest")
	d.open("profiles")
	if m.Profile != "" {
		d.line(`<profile name="%s">%s</profile>`, Localhost, m.Profile)
	}
	d.close("profiles")
	d.services(m.Services)
	d.open("infrastructure")
	d.open(`target name="` + Localhost + `"`)
	d.open(`properties type="attrs"`)
	d.line(`<property name="hostname" type="string">%s</property>`, Localhost)
	d.close("properties")
	d.line("<containers/>")
	d.line("<system>%s</system>", m.System)
	d.line("<numOfCores>1</numOfCores>")
	d.line("<clientInterface>%s</clientInterface>", m.ClientInterface)
	d.line("<targetProperty>hostname</targetProperty>")
	d.close("target")
	d.close("infrastructure")
	d.mappings(m.Services, true)
	return d.end("manifest")
}

// EncodeProfile gives the bytes of profilemanifest.xml, which tells the target
// what is active there.
func (m Manifest) EncodeProfile() []byte {
	d := newWriter("profilemanifest")
	d.services(m.Services)
	d.mappings(m.Services, false)
	return d.end("profilemanifest")
}

type writer struct {
	bytes.Buffer
	depth int
}

func newWriter(root string) *writer {
	d := &writer{}
	d.WriteString("<?xml version=\"1.0\"?>\n")
	d.open(root + ` version="2"`)
	return d
}

func (d *writer) open(tag string, values ...string) {
	d.line("<"+tag+">", values...)
	d.depth++
}

func (d *writer) close(tag string) {
	d.depth--
	d.line("</" + tag + ">")
}

func (d *writer) end(root string) []byte {
	d.line("<snapshotMappings/>")
	d.close(root)
	return d.Bytes()
}

// line writes a line whose values are text.
func (d *writer) line(format string, values ...string) {
	escaped := make([]any, len(values))
	for i, value := range values {
		var b strings.Builder
		xml.EscapeText(&b, []byte(value)) // a strings.Builder takes everything
		escaped[i] = b.String()
	}
	d.WriteString(strings.Repeat("  ", d.depth))
	fmt.Fprintf(d, format, escaped...)
	d.WriteByte('\n')
}

func (d *writer) services(services []Service) {
	services = slices.SortedFunc(slices.Values(services), func(a, b Service) int { return cmp.Compare(a.Key, b.Key) })
	d.open("services")
	for _, s := range services {
		d.open(`service name="%s"`, s.Key)
		d.line("<name>%s</name>", s.Name)
		d.line("<pkg>%s</pkg>", s.Package)
		d.line("<type>%s</type>", s.Type)
		d.open("dependsOn")
		for _, key := range s.DependsOn {
			d.mapping(key, true)
		}
		d.close("dependsOn")
		d.line("<connectsTo/>")
		d.line("<providesContainers/>")
		d.close("service")
	}
	d.close("services")
}

func (d *writer) mappings(services []Service, withTarget bool) {
	services = slices.SortedFunc(slices.Values(services), func(a, b Service) int { return cmp.Compare(a.Key, b.Key) })
	d.open("serviceMappings")
	for _, s := range services {
		if s.Active {
			d.mapping(s.Key, withTarget)
		}
	}
	d.close("serviceMappings")
}

// mapping has its elements in the order of their names, as Disnix writes them.
func (d *writer) mapping(key string, withTarget bool) {
	d.open("mapping")
	d.line("<container>%s</container>", Process)
	d.line("<service>%s</service>", key)
	if withTarget {
		d.line("<target>%s</target>", Localhost)
	}
	d.close("mapping")
}
