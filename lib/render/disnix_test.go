package render

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nixproc/lib/manifestxml"
	"nixproc/lib/model"
)

func disnixModel(processes ...model.Process) model.Model {
	for i := range processes {
		p := &processes[i]
		p.Schema, p.Manager = model.Schema, "disnix"
		if p.Attribute == "" {
			p.Attribute = p.Name
		}
		if p.Parameters == nil {
			p.Parameters = json.RawMessage(`{}`)
		}
	}
	return model.Model{Schema: model.Schema, Manager: "disnix", Processes: processes}
}

// The key of a service changes with its package and with those of all that it
// depends on, and with nothing else.
func TestDisnixKeys(t *testing.T) {
	t.Parallel()
	keys := func(basePackage string, dependencies ...string) map[string]string {
		m := disnixModel(
			model.Process{Name: "top", Tree: "/store/top", Dependencies: []string{"middle"}},
			model.Process{Name: "middle", Tree: "/store/middle", Dependencies: append([]string{"base"}, dependencies...)},
			model.Process{Name: "base", Tree: basePackage},
			model.Process{Name: "other", Tree: "/store/other"},
		)
		profile, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, merge := range profile.Merges {
			var unit struct{ Service string }
			if err := json.Unmarshal(merge.Entry.Unit, &unit); err != nil {
				t.Fatal(err)
			}
			found[merge.Process] = unit.Service
		}
		return found
	}
	before, after := keys("/store/base"), keys("/store/base2")
	for _, name := range []string{"top", "middle", "base"} {
		if before[name] == after[name] || len(before[name]) != 64 {
			t.Errorf("the key of %s is %s, then %s", name, before[name], after[name])
		}
	}
	if before["other"] != after["other"] {
		t.Error("the key of another service changed")
	}
	// What is not in the model is nothing that Disnix could wait for.
	if more := keys("/store/base", "elsewhere", "base"); more["top"] != before["top"] {
		t.Error("a dependency that is not in the model changed a key")
	}
}

func TestDisnixRefusals(t *testing.T) {
	t.Parallel()
	_, err := Render(disnixModel(
		model.Process{Name: "a", Attribute: "a\x01", Tree: "/store/a"},
		model.Process{Name: "b", Tree: "/store/b", Parameters: json.RawMessage(`{"pidFile": "b.pid"}`)},
		model.Process{Name: "c", Tree: "/store/c", Parameters: json.RawMessage(`{"pidFile": "/c.pid"}`)},
		model.Process{Name: "d", Tree: "/store/d", Parameters: json.RawMessage(`{"pidFile": "/c.pid"}`)},
		model.Process{Name: "e", Tree: "/store/e", Credentials: &model.Credentials{Users: map[string]map[string]string{"a/b": {}}}},
	))
	if err == nil {
		t.Fatal("nothing is refused")
	}
	for _, want := range []string{
		`process 'a` + "\x01" + `': the name of its attribute, "a\x01",`,
		`process 'b': pidFile: "b.pid" is no absolute path`,
		`process 'd': it has the pid file of the process 'c', /c.pid`,
		`process 'e': `,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

// readManifest prints what Python reads from a manifest: name, package, and the
// names of what the service depends on.
const readManifest = `
import json, sys, xml.etree.ElementTree as xml
root = xml.parse(sys.argv[1]).getroot()
services = {s.get("name"): s for s in root.find("services")}
name = lambda key: services[key].findtext("name")
print(json.dumps({name(key): [s.findtext("pkg"), sorted(name(m.findtext("service")) for m in s.find("dependsOn"))]
                  for key, s in services.items() if key in [m.findtext("service") for m in root.find("serviceMappings")]}))
`

// Whatever the names are, an XML parser that is not ours reads them back, or they
// are refused.
func FuzzDisnixManifest(f *testing.F) {
	const python = "/usr/bin/python3"
	if _, err := exec.LookPath(python); err != nil {
		f.Skip(err)
	}
	for _, seed := range []string{"webapp", "a b", "<&>", `"'`, "]]>", "é 🐈", "a\nb", "a\tb", "a\rb", "\x00", "&amp;", "<!--", "\ufffe", " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, attribute string) {
		m := disnixModel(
			model.Process{Name: "base", Tree: "/store/base"},
			model.Process{Name: "top", Attribute: attribute, Tree: "/store/top", Dependencies: []string{"base"}},
		)
		if attribute == "base" {
			return
		}
		if _, err := Render(m); err != nil || attribute == "" {
			return
		}
		if strings.ToValidUTF8(attribute, "") != attribute {
			return // the model's own reader refuses that
		}
		file := filepath.Join(t.TempDir(), "manifest.xml")
		if err := BuildDisnixManifest(m, DisnixTarget{Profile: "/store/localhost", System: "s", ClientInterface: "c"}, file); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(python, "-c", readManifest, file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var got map[string][]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		top := got[attribute]
		if len(got) != 2 || len(top) != 2 || top[0] != "/store/top" || len(top[1].([]any)) != 1 || top[1].([]any)[0] != "base" {
			t.Errorf("%q was read as %s", attribute, out)
		}
		if again, err := manifestxml.Read(file); err != nil || len(again.Services) != 2 {
			t.Errorf("we read %+v, %v", again, err)
		}
	})
}

// The manifest names the profile that was built for it, and the profile says the
// same of its services.
func TestDisnixBuild(t *testing.T) {
	t.Parallel()
	pkg := t.TempDir()
	if err := os.MkdirAll(filepath.Join(pkg, "etc/dysnomia/process"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(pkg, "etc/dysnomia/process/a"), []byte("process=/bin/a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	m := disnixModel(model.Process{Name: "a", Tree: pkg})
	dir := t.TempDir()
	profile, file := filepath.Join(dir, "localhost"), filepath.Join(dir, "manifest.xml")
	if err := Build(m, profile); err != nil {
		t.Fatal(err)
	}
	if err := BuildDisnixManifest(m, DisnixTarget{Profile: profile, System: "s", ClientInterface: "c"}, file); err != nil {
		t.Fatal(err)
	}
	if link, err := os.Readlink(filepath.Join(profile, "etc/dysnomia/process/a")); link != filepath.Join(pkg, "etc/dysnomia/process/a") {
		t.Errorf("the profile has %s, %v", link, err)
	}
	services := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), "<services>")
		text, _, _ := strings.Cut(rest, "</services>")
		return text
	}
	if a, b := services(file), services(filepath.Join(profile, "profilemanifest.xml")); a != b || !strings.Contains(a, pkg) {
		t.Errorf("the manifest has\n%s\nthe profile\n%s", a, b)
	}
	if _, err := os.Stat(filepath.Join(profile, "nixproc.json")); err != nil {
		t.Error(err)
	}
}
