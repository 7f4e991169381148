package render

import (
	"encoding/json"
	"strings"
	"testing"

	"nixproc/lib/model"
)

func dockerModel(t testing.TB, spec dockerSpec, more ...model.Process) model.Model {
	t.Helper()
	parameters, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	p := model.Process{Attribute: "a", Name: "a", Schema: model.Schema, Manager: "docker", Parameters: parameters}
	for _, other := range more {
		p.Dependencies = append(p.Dependencies, other.Name)
	}
	return model.Model{Schema: model.Schema, Manager: "docker", Processes: append(more, p)}
}

// usualDocker is a container with both wrappers around its command.
func usualDocker() dockerSpec {
	config := `{"Cmd":["/bin/sh","/store/container-1","-s","/var","-m","022","--","/bin/sh","/store/proxy-1","-u","a","--","/bin/a","-n"],"Env":["A=1"]}`
	return dockerSpec{
		Image: "/store/image-1.tar", Tag: "a:latest", CreateParameters: []string{"--volume", "/var:/var:z", "--network", "host"},
		Cmd: "/bin/sh /store/container-1", StorePaths: []string{"/store/coreutils"},
		Config: &config, Wrappers: [][]string{{"/bin/sh", "/store/container-1"}, {"/bin/sh", "/store/proxy-1"}},
	}
}

func TestDockerFiles(t *testing.T) {
	t.Parallel()
	other := dockerModel(t, usualDocker()).Processes[0]
	other.Name, other.Attribute = "z", "z"
	spec := usualDocker()
	timeout := "3"
	spec.StopTimeout = &timeout
	profile, err := Render(dockerModel(t, spec, other))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a-docker-settings":     "dockerImage=/store/image-1.tar\ndockerImageTag=a:latest\ndockerStopTimeout=3\n",
		"a-docker-createparams": "--volume\n/var:/var:z\n--network\nhost\n",
		"a-docker-cmd":          "/bin/sh /store/container-1\n",
		"a-storepaths":          "/store/coreutils\n",
		"02-a-docker-priority":  "",
		"01-z-docker-priority":  "",
	} {
		if file, there := profile.Files[name]; !there || string(file.Content) != want {
			t.Errorf("%s: %q, want %q", name, file.Content, want)
		}
	}
	if config := string(profile.Files["a-docker-config"].Content); !strings.Contains(config, "\"A=1\"\n") {
		t.Errorf("the configuration is %s", config)
	}
}

// D26: neither the order, nor our wrappers, nor where an image lies restarts
// anything; what the process gets does.
func TestDockerKey(t *testing.T) {
	t.Parallel()
	key := func(change func(*dockerSpec), more ...model.Process) string {
		t.Helper()
		spec := usualDocker()
		if change != nil {
			change(&spec)
		}
		profile, err := Render(dockerModel(t, spec, more...))
		if err != nil {
			t.Fatal(err)
		}
		return profile.Manifest.Processes[0].Key
	}
	usual := key(nil)
	config := func(old, new string) func(*dockerSpec) {
		return func(s *dockerSpec) {
			text := strings.ReplaceAll(*s.Config, old, new)
			if text == *s.Config {
				t.Fatalf("the configuration has no %s", old)
			}
			s.Config = &text
		}
	}
	dependency := dockerModel(t, usualDocker()).Processes[0]
	dependency.Name, dependency.Attribute = "z", "z"
	if key(nil, dependency) != usual {
		t.Error("a dependency changes the key")
	}
	for name, change := range map[string]func(*dockerSpec){
		"wrappers": func(s *dockerSpec) {
			config("/store/container-1", "/store/container-2")(s)
			config("/store/proxy-1", "/store/proxy-2")(s)
			s.Wrappers = [][]string{{"/bin/sh", "/store/container-2"}, {"/bin/sh", "/store/proxy-2"}}
		},
		"place of the image": func(s *dockerSpec) { s.Image = "/store/image-2.tar" },
	} {
		if key(change) != usual {
			t.Errorf("%s: the key changes", name)
		}
	}
	seconds := "3"
	for name, change := range map[string]func(*dockerSpec){
		"argument":         config(`"-n"`, `"-m"`),
		"user":             config(`"-u","a"`, `"-u","b"`),
		"umask":            config(`"022"`, `"027"`),
		"wrapper left out": config(`"/bin/sh","/store/proxy-1","-u","a","--",`, ""),
		"environment":      config("A=1", "A=2"),
		"parameter":        func(s *dockerSpec) { s.CreateParameters = append(s.CreateParameters, "--init") },
		"tag":              func(s *dockerSpec) { s.Tag = "b:latest" },
		"stop":             func(s *dockerSpec) { s.StopTimeout = &seconds },
		"caller":           func(s *dockerSpec) { s.AsCaller = true },
		"another's image":  func(s *dockerSpec) { s.Config = nil },
	} {
		if key(change) == usual {
			t.Errorf("%s: the key does not change", name)
		}
	}
	foreign := func(image string) string { return key(func(s *dockerSpec) { s.Config, s.Image = nil, image }) }
	if foreign("/store/a") == foreign("/store/b") {
		t.Error("another image that nothing is known of does not change the key")
	}
}
