package nixeval

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// configure makes the texts Nix's configuration: the system's, the user's, and
// NIX_CONFIG.
func configure(t *testing.T, system, user, variable string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for file, text := range map[string]string{"system/nix.conf": system, "user/nix/nix.conf": user} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("NIX_CONF_DIR", filepath.Join(dir, "system"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "user"))
	t.Setenv("NIX_CONFIG", variable)
	for _, proxy := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(proxy, "")
		t.Setenv(strings.ToUpper(proxy), "")
	}
	return dir
}

func TestSubstituterHosts(t *testing.T) {
	for _, c := range []struct {
		name, system, user, variable string
		want                         []string
	}{
		{"nothing", "", "", "", []string{"cache.nixos.org:https"}},
		{"one", "substituters = http://one.example", "", "", []string{"one.example:http"}},
		{"port", "substituters = http://one.example:5000/x", "", "", []string{"one.example:5000"}},
		{"several and a comment", "substituters = http://a.example  https://b.example/ # http://c.example", "", "", []string{"a.example:http", "b.example:https"}},
		{"commented out", "# substituters = http://one.example", "", "", []string{"cache.nixos.org:https"}},
		{"more", "extra-substituters = http://one.example", "", "", []string{"cache.nixos.org:https", "one.example:http"}},
		{"user's", "substituters = http://a.example", "substituters = http://b.example", "", []string{"b.example:http"}},
		{"user's more", "substituters = http://a.example", "extra-substituters = http://b.example", "", []string{"a.example:http", "b.example:http"}},
		{"variable", "substituters = http://a.example", "substituters = http://b.example", "sandbox = false\nsubstituters = http://c.example\n", []string{"c.example:http"}},
		{"old name", "binary-caches = http://a.example", "", "extra-binary-caches = http://b.example", []string{"a.example:http", "b.example:http"}},
		{"none", "substituters =", "", "", nil},
		{"another kind", "substituters = http://a.example file:///cache", "", "", nil},
		{"ssh", "substituters = ssh://a.example", "", "", nil},
		{"address", "substituters = http://[::1]:80/", "", "", []string{"[::1]:80"}},
		{"other setting", "trusted-substituters = http://a.example", "", "", []string{"cache.nixos.org:https"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			configure(t, c.system, c.user, c.variable)
			if got := substituterHosts(); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Files may include others, even those that there are not, and themselves.
func TestIncludedSettings(t *testing.T) {
	dir := configure(t, "substituters = http://a.example\ninclude more.conf\n!include nothing.conf", "", "")
	more := filepath.Join(dir, "system", "more.conf")
	if err := os.WriteFile(more, []byte("substituters = http://b.example\ninclude "+more+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := substituterHosts(); !slices.Equal(got, []string{"b.example:http"}) {
		t.Errorf("got %q", got)
	}
}

// Through a proxy a cache may answer that can't be reached directly.
func TestSubstitutersBehindProxy(t *testing.T) {
	configure(t, "", "", "")
	t.Setenv("https_proxy", "http://proxy.example")
	if got := substituterHosts(); got != nil {
		t.Errorf("got %q, want none", got)
	}
}

func TestSubstitutesOff(t *testing.T) {
	for _, c := range []struct {
		system, variable string
		want             bool
	}{
		{"", "", false},
		{"substitute = false", "", true},
		{"substitute = true", "", false},
		{"build-use-substitutes = false", "", true},
		{"substitute = false", "substitute = true", false},
	} {
		configure(t, c.system, "", c.variable)
		if got := substitutesOff(); got != c.want {
			t.Errorf("%q, %q: %v, want %v", c.system, c.variable, got, c.want)
		}
	}
}

func TestAnyAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	answers, refuses := listener.Addr().String(), closed.Addr().String()
	begin := time.Now()
	if !anyAnswers(context.Background(), []string{refuses, answers}) {
		t.Error("one of two answers, and none was found")
	}
	if anyAnswers(context.Background(), []string{refuses}) {
		t.Error("nobody answers, and one was found")
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("that took %s", took)
	}
}
