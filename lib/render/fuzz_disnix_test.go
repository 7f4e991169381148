package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"nixproc/lib/model"
)

// Any names at all give manifests that an XML parser reads as they were meant.
func FuzzDisnix(f *testing.F) { fuzzedDisnix.fuzz(f) }

var fuzzedDisnix = fuzzed{
	model: func(_ *testing.T, p random) model.Model {
		return disnixModel(
			model.Process{Name: "x", Attribute: disnixAttribute(p), Tree: "/store/x", Dependencies: []string{"base"}},
			model.Process{Name: "base", Tree: "/store/base"},
		)
	},
	text: func(t *testing.T, m model.Model, profile *Profile) string {
		file := filepath.Join(t.TempDir(), "manifest.xml")
		if err := BuildDisnixManifest(m, DisnixTarget{Profile: "/store/localhost", System: "s", ClientInterface: "c"}, file); err != nil {
			t.Fatal(err)
		}
		manifest, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(manifest) + "\x00" + joined(profile.Common, "profilemanifest.xml")
	},
	says: manifestsSay,
	read: readManifests,
	mayRefuse: func(p random) bool {
		// https://www.w3.org/TR/xml/#charsets, and what parsers make a line break of.
		return strings.ContainsFunc(disnixAttribute(p), func(r rune) bool {
			return r < ' ' && r != '\t' && r != '\n' || r == 0xfffe || r == 0xffff || r == unicode.ReplacementChar
		})
	},
	real: parseManifests,
}

func manifestsSay(p random) map[string]string {
	says := map[string]string{}
	for _, manifest := range []string{"manifest", "profilemanifest"} {
		says[manifest+" "+disnixAttribute(p)] = "/store/x [base]"
		says[manifest+" base"] = "/store/base []"
	}
	return says
}

func disnixAttribute(p random) string { return "x" + p.variable + p.value + p.description }

// readManifests gives the package of each service, by its name, and the names of
// those that it depends on.
func readManifests(text string) (map[string]string, error) {
	found := map[string]string{}
	for _, manifest := range strings.Split(text, "\x00") {
		var read struct {
			XMLName  xml.Name
			Services []struct {
				Key       string   `xml:"name,attr"`
				Name      string   `xml:"name"`
				Package   string   `xml:"pkg"`
				DependsOn []string `xml:"dependsOn>mapping>service"`
			} `xml:"services>service"`
		}
		if err := xml.Unmarshal([]byte(manifest), &read); err != nil {
			return nil, err
		}
		names := map[string]string{}
		for _, service := range read.Services {
			names[service.Key] = service.Name
		}
		for _, service := range read.Services {
			for i, key := range service.DependsOn {
				service.DependsOn[i] = names[key]
			}
			found[read.XMLName.Local+" "+service.Name] = fmt.Sprint(service.Package, " ", service.DependsOn)
		}
	}
	return found, nil
}

// parseManifests has Python, whose parser is Expat, read them.
func parseManifests(t *testing.T, all []written) {
	const python = "/usr/bin/python3"
	if _, err := exec.LookPath(python); err != nil {
		t.Skip(err)
	}
	var texts []string
	for _, one := range all {
		texts = append(texts, one.text)
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", `
import sys, json, xml.etree.ElementTree as xml
def read(text):
    found = {}
    for root in map(xml.fromstring, text.split("\0")):
        services = {s.get("name"): s for s in root.find("services")}
        mapped = [m.findtext("service") for m in root.find("serviceMappings")]
        name = lambda key: services[key].findtext("name")
        for key in mapped:
            needs = [name(m.findtext("service")) for m in services[key].find("dependsOn")]
            found[root.tag + " " + name(key)] = services[key].findtext("pkg") + " [" + " ".join(needs) + "]"
    return found
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.CombinedOutput()
	var found []map[string]string
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	if err != nil || len(found) != len(all) {
		t.Fatalf("%v, %d read\n%s", err, len(found), out)
	}
	for i, one := range all {
		same(t, found[i], manifestsSay(one.random), one.text)
	}
}
