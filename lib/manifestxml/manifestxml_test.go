package manifestxml

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorded is what Disnix 0.10.3 made of two processes, one of which depends on
// the other.
const recorded = `<?xml version="1.0"?>
<manifest version="2">
  <profiles>
    <profile name="localhost">/nix/store/lxqb6m7kkzqny70br7zi8wh1hn404n7p-localhost</profile>
  </profiles>
  <services>
    <service name="21298bd6b8d21596c4872d52caea17296b56267b5f9b04639b96da19da721413">
      <name>nginx</name>
      <pkg>/nix/store/b4hnm7kskhahnkxj2wfw0nns4kl72v5f-nginx</pkg>
      <type>process</type>
      <dependsOn>
        <mapping>
          <container>process</container>
          <service>96149a271580d7156993d5f1ee20c4cf41837593da704552bbc5978fcb5d2789</service>
          <target>localhost</target>
        </mapping>
      </dependsOn>
      <connectsTo/>
      <providesContainers/>
    </service>
    <service name="96149a271580d7156993d5f1ee20c4cf41837593da704552bbc5978fcb5d2789">
      <name>webapp</name>
      <pkg>/nix/store/hyd0wqabdxjsiv68yp00lvfrjapq9j0m-webapp</pkg>
      <type>process</type>
      <dependsOn/>
      <connectsTo/>
      <providesContainers/>
    </service>
  </services>
  <infrastructure>
    <target name="localhost">
      <properties type="attrs">
        <property name="hostname" type="string">localhost</property>
      </properties>
      <containers/>
      <system>x86_64-linux</system>
      <numOfCores>1</numOfCores>
      <clientInterface>disnix-run-activity</clientInterface>
      <targetProperty>hostname</targetProperty>
    </target>
  </infrastructure>
  <serviceMappings>
    <mapping>
      <container>process</container>
      <service>21298bd6b8d21596c4872d52caea17296b56267b5f9b04639b96da19da721413</service>
      <target>localhost</target>
    </mapping>
    <mapping>
      <container>process</container>
      <service>96149a271580d7156993d5f1ee20c4cf41837593da704552bbc5978fcb5d2789</service>
      <target>localhost</target>
    </mapping>
  </serviceMappings>
  <snapshotMappings/>
</manifest>
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a manifest.xml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// What Disnix's own functions write is read, and written the same way again.
func TestRecordedManifest(t *testing.T) {
	t.Parallel()
	file := write(t, recorded)
	m, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	empty := func(text string) string { // an element without children, in both ways to write it
		return strings.NewReplacer("<dependsOn>\n      </dependsOn>", "<dependsOn/>").Replace(text)
	}
	if got := empty(string(m.Encode())); got != recorded {
		t.Errorf("written again, it is\n%s", got)
	}
	if !Is(file) || Is(write(t, "{ pkgs }: { }")) || Is(write(t, "<a/>")) || Is(file+"x") {
		t.Error("manifests are not told from other files")
	}
	if profile, err := ProfileOf(file); profile != "/nix/store/lxqb6m7kkzqny70br7zi8wh1hn404n7p-localhost" || err != nil {
		t.Errorf("the profile is %q, %v", profile, err)
	}
	for _, s := range m.Services {
		if got := KeyOf(s.Name, s.Type, s.Package, s.DependsOn); got != s.Key {
			t.Errorf("the key of %s is %s, want %s", s.Name, got, s.Key)
		}
		if !s.Active {
			t.Errorf("%s is not active", s.Name)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, new, want string }{
		{`<manifest version="2">`, `<manifest version="1">`, `its version is "1"`},
		{`<profile name="localhost">`, `<profile name="far">`, `it deploys to "far"`},
		{"<target>localhost</target>\n    </mapping>\n  </serviceMappings>", "<target>far</target></mapping></serviceMappings>", `it deploys to "far"`},
		{"<name>webapp</name>", "", "lacks its key, name or pkg"},
		{"<service>96149a271580d7156993d5f1ee20c4cf41837593da704552bbc5978fcb5d2789</service>\n      <target>localhost</target>\n    </mapping>\n  </serviceMappings>",
			"<service>00</service><target>localhost</target></mapping></serviceMappings>", "maps a service that it lacks: 00"},
		{"</manifest>", "", "unexpected EOF"},
	} {
		if !strings.Contains(recorded, c.old) {
			t.Fatalf("no %q", c.old)
		}
		file := write(t, strings.Replace(recorded, c.old, c.new, 1))
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("the error is %v, want %q", err, c.want)
		}
	}
	if _, err := Read("/nonexistent"); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// Whatever is in a name, it is read back.
func TestEscapes(t *testing.T) {
	t.Parallel()
	name := `a<b>&"c'é`
	m := Manifest{Services: []Service{{Key: "k", Name: name, Package: "/p", Type: Process}}}
	got, err := Read(write(t, string(m.Encode())))
	if err != nil || got.Services[0].Name != name || got.Services[0].Active || got.Profile != "" {
		t.Errorf("%+v, %v", got, err)
	}
}
