package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files are at their older places too; a package builds by itself to its
// part of a profile; and an image does not depend on what runs in it.
func TestDockerNixFiles(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"build-docker-env", "create-docker-container", "generate-docker-container"} {
		out := evalWith(t, false, fmt.Sprintf(`builtins.functionArgs (import %s) == builtins.functionArgs (import %s)`,
			frameworkOf(t, "create-managed-process/docker/"+file+".nix"), frameworkOf(t, "backends/docker/"+file+".nix")))
		if out != "true" {
			t.Errorf("%s has other arguments at its old path", file)
		}
	}
	const chain = `let
		make = create "docker";
		db = make { name = "db"; process = "/bin/db"; };
		web = make { name = "web"; process = "${pkgs.coreutils}/bin/web"; args = [ pkgs.findutils ]; dependencies = [ db ]; };
		in `
	out := evalWith(t, true, chain+"web")
	settings := read(t, out, "web-docker-settings")
	if !strings.HasPrefix(settings, "dockerImage="+madeStore.dir+"/store/") || !strings.HasSuffix(settings, "\ndockerImageTag=web:latest\n") {
		t.Errorf("the settings are %s", settings)
	}
	for _, name := range []string{"web-docker-createparams", "web-docker-cmd", "web-storepaths", "web-docker-config"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	if text := read(t, out, "web-docker-createparams"); !strings.HasPrefix(text, "--volume\n"+madeStore.dir+"/store:"+madeStore.dir+"/store\n") ||
		!strings.HasSuffix(text, "\n--network\nhost\n--volume\n/var:/var:z\n") {
		t.Errorf("the parameters are %s", text)
	}
	references, err := newStore(t).nix(nil, "nix-store", "--query", "--references", out)
	if err != nil || !strings.Contains(references, "-coreutils") || !strings.Contains(references, "-findutils") || !strings.Contains(references, "-docker-image-web.tar") {
		t.Errorf("the package refers to %s, %v", references, err)
	}
	image, _, _ := strings.Cut(strings.TrimPrefix(settings, "dockerImage="), "\n")
	if references, err := newStore(t).nix(nil, "nix-store", "--query", "--references", image); err != nil || references != "" {
		t.Errorf("the image refers to %s, %v", references, err)
	}
	if priority := evalWith(t, false, chain+"web.priority"); priority != "2" {
		t.Errorf("the priority is %s", priority)
	}

	// A command that is wrapped, and one of which nothing but its place is known.
	var config struct{ Cmd, Env []string }
	if err := json.Unmarshal([]byte(evalWith(t, false, `builtins.fromJSON ((create "docker") {
		name = "x"; instanceName = "x1"; daemon = "/bin/x"; daemonArgs = [ "-D" 5 ]; user = "webapp"; umask = "022"; nice = 3;
		environment = { PATH = "/mine"; N = 5; };
		credentials = { groups.webapp = { }; users.webapp = { group = "webapp"; homeDir = "/home/it"; createHomeDir = true; description = "It"; }; };
	}).nixproc.parameters.config`)), &config); err != nil {
		t.Fatal(err)
	}
	words := strings.Join(config.Cmd, "|")
	if want := "|-s|/var|-r|/var/run|-g|webapp:2002|-a|webapp:2001:webapp:/home/it:1:::It|-m|022|-n|3|--|"; !strings.Contains(words, want) {
		t.Errorf("%s lacks %s", words, want)
	}
	if want := "|-u|webapp|-p|/var/run/x1.pid|--|/bin/x|-D|5"; !strings.HasSuffix(words, want) {
		t.Errorf("%s lacks %s", words, want)
	}
	if strings.Join(config.Env, "|") != "N=5|PATH=/mine" {
		t.Errorf("the environment is %q", config.Env)
	}
}
