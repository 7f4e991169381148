package tests

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A binary cache that does not answer costs Nix five seconds for each build. We
// ask none when there is nothing that it could have, and say so when there is.
func TestSilentBinaryCache(t *testing.T) {
	t.Parallel()
	store := newOwnStore(t, "sandbox = false", "substitute = true", "substituters = http://127.0.0.1:9/")
	d := newDeploymentIn(t, store)
	for _, proxy := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		d.env = append(d.env, proxy+"=", strings.ToUpper(proxy)+"=")
	}
	off := "NIX_CONFIG=substitute = false"
	// Builds what all of the following need.
	d.env = append(d.env, off)
	d.mustSwitchTo(d.model("first.nix", `{ a = sleeper "a" { }; }`))
	begin := time.Now()
	d.mustSwitchTo(d.model("second.nix", `{ a = sleeper "a" { }; b = sleeper "b" { }; }`))
	without := time.Since(begin)
	d.env = d.env[:len(d.env)-1]

	const note = "no binary cache answers (127.0.0.1:9): building without one"
	// What else the machine does may take as long as a cache that is asked, once or twice.
	within := func(what, model string) (r outcome) {
		t.Helper()
		var took time.Duration
		for try := range 3 {
			file := d.model("model.nix", strings.ReplaceAll(model, "TRY", fmt.Sprint(try)))
			begin := time.Now()
			r = d.mustSwitchTo(file)
			if took = time.Since(begin); took <= without+4*time.Second {
				break
			}
		}
		if took > without+4*time.Second {
			t.Errorf("%s: the switch took %s, and %s without caches\n%s", what, took, without, r.stderr)
		}
		for _, trouble := range []string{"unable to download", "retrying"} {
			if strings.Contains(r.stderr, trouble) {
				t.Errorf("%s: Nix asked the cache:\n%s", what, r.stderr)
			}
		}
		return r
	}
	r := within("nothing substitutable is missing", `{ a = sleeper "a" { }; b = sleeper "b" { }; c = sleeper "c" { args = [ 100TRY ]; }; }`)
	if strings.Contains(r.stderr, "binary cache") {
		t.Errorf("a cache was looked for:\n%s", r.stderr)
	}
	r = within("something is missing", `{
  a = sleeper "a" { path = [ (derivation {
    name = "substitutable-TRY";
    system = builtins.currentSystem;
    builder = pkgs.stdenv.shell;
    args = [ "-c" "echo > $out" ];
  }) ]; };
}`)
	if strings.Count(r.stderr, "nixproc: "+note+"\n") != 1 {
		t.Errorf("the note is missing, or there is more than one:\n%s", r.stderr)
	}
	d.switchTo("--undeploy")
}
