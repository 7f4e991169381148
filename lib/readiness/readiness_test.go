package readiness

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nixproc/lib/model"
)

// answers checks what a process says: "" stands for ready.
func answers(t *testing.T, r model.Readiness, want string) {
	t.Helper()
	answersWithin(t, time.Minute, r, want)
}

// late is answers for what takes longer than there is time.
func late(t *testing.T, r model.Readiness, want string) {
	t.Helper()
	answersWithin(t, 300*time.Millisecond, r, want)
}

func answersWithin(t *testing.T, limit time.Duration, r model.Readiness, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	begin := time.Now()
	err := Ask(ctx, r)
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s gives %v, want %q", Asked(r), err, want)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("%s took %s", Asked(r), took)
	}
}

// A port is one of this machine, by either protocol.
func TestConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Log(err)
			continue
		}
		whole := listener.Addr().String()
		port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
		answers(t, model.Readiness{TCP: port}, "")
		answers(t, model.Readiness{TCP: whole}, "")
		listener.Close()
		answers(t, model.Readiness{TCP: port}, "connection refused")
		answers(t, model.Readiness{TCP: whole}, "connection refused")
	}
	late(t, model.Readiness{TCP: "there is none.invalid:80"}, "lookup")
}

// Any page of 2xx or 3xx will do. No redirection is followed, no proxy is asked,
// and nobody reads the page.
func TestPage(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	t.Setenv("http_proxy", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch code, _ := strconv.Atoi(r.URL.Path[1:]); code {
		case 0: // takes its time
			<-r.Context().Done()
		case 1: // never ends
			for r.Context().Err() == nil {
				io.WriteString(w, strings.Repeat("endless ", 1000))
			}
		default:
			w.Header().Set("Location", "/500")
			w.WriteHeader(code)
		}
	}))
	defer server.Close()
	for path, want := range map[string]string{
		"/200": "", "/204": "", "/302": "", "/399": "", "/1": "",
		"/404": "HTTP 404 Not Found", "/503": "HTTP 503 Service Unavailable",
	} {
		answers(t, model.Readiness{HTTP: server.URL + path}, want)
	}
	late(t, model.Readiness{HTTP: server.URL + "/0"}, "no answer")
	// Not 127.0.0.1, for which Go would ask no proxy anyway.
	late(t, model.Readiness{HTTP: "http://nowhere.invalid/"}, "lookup")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	late(t, model.Readiness{HTTP: "http://" + silent.Addr().String()}, "no answer")
}

// A command gets little of the caller's environment, and no shell.
func TestCommand(t *testing.T) {
	t.Setenv("NIXPROC_TEST_LEAK", "1")
	t.Setenv("PATH", "/nowhere")
	file := filepath.Join(t.TempDir(), "out $x")
	answers(t, model.Readiness{Command: []string{"/bin/sh", "-c", `env >"$1"`, "sh", file}}, "")
	environment, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(environment), "LEAK") || !strings.Contains(string(environment), "PATH="+path+"\n") {
		t.Errorf("%v\n%s", err, environment)
	}
	answers(t, model.Readiness{Command: []string{"/bin/sh", "-c", "echo no luck >&2; exit 3"}}, "exit code 3; its last lines:\n  no luck")
	late(t, model.Readiness{Command: []string{"/bin/sleep", "1000"}}, "did not end within")
	answers(t, model.Readiness{Command: []string{"/nonexistent"}}, "no such file")
}
