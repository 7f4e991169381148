package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What quote.nix writes, the real execlineb reads back, whatever it is.
func TestS6rcQuoting(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("execlineb"); err != nil {
		t.Skip("execline is not installed")
	}
	store := newStore(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	alphabet := []rune("ab \t\n\r\\\"'{}#$%;&0x41n\x01\x7fäß日🐈")
	words := []string{"", " ", "\\", "\"", "{", "}", "#", "\n", "a\\", "\\\"", "\\x41", "\\n", "$HOME", "${HOME}", strings.Repeat("10 kB \\ ", 1500)}
	for range 400 {
		word := make([]rune, random.IntN(12))
		for i := range word {
			word[i] = alphabet[random.IntN(len(alphabet))]
		}
		words = append(words, string(word))
	}
	data, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "words.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	script := store.eval(t, fmt.Sprintf(`let
		quote = import %s;
		words = builtins.fromJSON (builtins.readFile (/. + %s));
	in quote.line ([ "printf" "%%s\\0" ] ++ map quote.quoted words ++ map quote.word words)`, frameworkOf(t, "backends/s6-rc/quote.nix"), nixString(file)))
	var text string
	if err := json.Unmarshal([]byte(script), &text); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "execlineb", "-P", "/dev/stdin")
	cmd.Stdin = strings.NewReader(strings.Replace(text, `%s\0`, `"%s\\0"`, 1))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if want := slices.Concat(words, words); !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("word %d: execlineb read %q, it was %q", i, got[i], want[i])
			}
		}
		t.Fatalf("execlineb read %d words, there were %d", len(got), len(want))
	}
}

// A package is a package on its own, with its dependencies; a profile by hand
// has the bundle that was asked for; files have older places.
func TestS6rcByHand(t *testing.T) {
	t.Parallel()
	out := evalWith(t, true, `(create "s6-rc") { name = "x"; process = "/bin/x"; user = "webapp";
		dependencies = [ ((create "s6-rc") { name = "base"; process = "/bin/base"; }) ((create "s6-rc") { name = "once"; daemon = "/bin/once"; }) ];
		credentials.users.webapp.group = "webapp"; credentials.groups.webapp = { }; }`)
	for file, want := range map[string]string{
		"etc/s6/sv/x-srv/type": "longrun\n", "etc/s6/sv/x-srv/dependencies": "base-srv\nonce\n", "etc/s6/sv/x-srv/producer-for": "x-log\n",
		"etc/s6/sv/x-log/consumer-for": "x-srv\n", "etc/s6/sv/x-log/pipeline-name": "x\n", "etc/s6/sv/x-log/notification-fd": "3\n",
	} {
		if got := read(t, out, file); got != want {
			t.Errorf("%s says %q, want %q", file, got, want)
		}
	}
	log := read(t, out, "etc/s6/sv/x-log/run")
	for _, want := range []string{`"/var/log/s6-log/x" }`, "s6-log:s6-log", "s6-setuidgid s6-log\n", `s6-log -d3 -- "/var/log/s6-log/x"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log service lacks %q:\n%s", want, log)
		}
	}
	if run := read(t, out, "etc/s6/sv/x-srv/run"); !strings.Contains(run, "s6-setuidgid \"webapp\"\n\"/bin/x\"\n") {
		t.Errorf("run says\n%s", run)
	}
	for _, account := range []string{"users/webapp", "groups/webapp", "users/s6-log", "groups/s6-log"} {
		if _, err := os.Stat(filepath.Join(out, "dysnomia-support", account)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "etc/s6/sv/default")); err == nil {
		t.Error("a package has the bundle of all services")
	}

	d := newDeployment(t)
	model := d.model("model.nix", `{ a = sleeper "a" { }; }`)
	binary, err := storedBinary()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := d.store.nix([]string{"NIXPROC_BUILDER=" + binary}, "nix-build", "--no-out-link", "-E",
		fmt.Sprintf(`import %s { exprFile = %q; pkgs = import %s { }; defaultBundleName = "everything"; }`,
			frameworkOf(t, "create-managed-process/s6-rc/build-s6-rc-env.nix"), model, frameworkOf(t, "hostpkgs")))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, profile, "etc/s6/sv/everything/contents"); got != "a\n" {
		t.Errorf("the bundle has %q", got)
	}
	for _, file := range []string{"create-longrun-service", "create-oneshot-service", "create-service-bundle", "create-log-service-for-longrun-service", "default", "generate-s6-rc-service", "build-s6-rc-env"} {
		same := d.store.eval(t, fmt.Sprintf("builtins.functionArgs (import %s) == builtins.functionArgs (import %s)",
			frameworkOf(t, "create-managed-process/s6-rc/"+file+".nix"), frameworkOf(t, "backends/s6-rc/"+file+".nix")))
		if same != "true" {
			t.Errorf("%s is another function at its older place", file)
		}
	}
}
