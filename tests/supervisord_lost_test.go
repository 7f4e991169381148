package tests

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"nixproc/lib/pidfile"
)

// P4: an nginx that a supervisord left is found as well, though it has written its
// title over its environment, and of two of them that which is meant.
func TestNginxIsLost(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.hostNeeds("nginx")
	p.enter = "exec setsid"
	server := func(name string) string {
		dir := p.path(name)
		conf := p.write(name+"/conf", strings.ReplaceAll(fmt.Sprintf(`pid "DIR/pid"; error_log "DIR/log"; events { }
http {
  access_log off; client_body_temp_path "DIR/a"; proxy_temp_path "DIR/b"; fastcgi_temp_path "DIR/c"; uwsgi_temp_path "DIR/d"; scgi_temp_path "DIR/e";
  server { listen "unix:%s/%s"; }
}
`, p.sockets, name), "DIR", dir))
		return fmt.Sprintf(`%s.pkg = create { name = %[1]q; foregroundProcess = "${pkgs.nginx}/bin/nginx"; args = [ "-p" %q "-c" %q "-g" "daemon off;" ]; };`, name, dir, conf)
	}
	both := p.model("both.nix", "{ "+server("one")+server("two")+" }")
	one := p.model("one.nix", "{ "+server("one")+" }")
	kill := p.run()
	p.mustSwitchTo(both)
	masters := map[string]int{"one": p.number("one"), "two": p.number("two")}
	var all []int
	for _, master := range masters {
		all = append(all, append(children(t, master), master)...)
	}
	t.Cleanup(func() {
		for _, pid := range all {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	// As it is where supervisord itself has started them anew.
	if err := os.Remove(p.seen()); err != nil {
		t.Fatal(err)
	}
	kill()
	p.run()
	said := p.nixproc("status").stdout
	for name, master := range masters {
		want := fmt.Sprintf(`(?m)^%s .*process %d of it runs, and supervisord has lost it`, name, master)
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("nixproc status does not say %s:\n%s", want, said)
		}
	}
	p.mustSwitchTo(one)
	p.runsExactly("one")
	for _, pid := range all {
		if _, alive := pidfile.Started(pid); alive {
			t.Errorf("process %d runs on", pid)
		}
	}
}

// seen is the file for what supervisord has started.
func (p *supervisordPlace) seen() string {
	return p.path("profiles/.processes.nixproc/supervisord-seen.json")
}

// P4: one that writes over its environment and its command, as redis does, is known
// by what was seen when it started; and so is what it leaves when it alone is killed,
// as nginx leaves its workers.
func TestTitledIsLost(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.hostNeeds("perl")
	server := func(name string) string {
		program := p.write(name+".pl", fmt.Sprintf(`$0 = "titled"; $worker = fork; sleep 1000 unless $worker; `+
			`$SIG{TERM} = sub { kill TERM => $worker; exit }; open(F, ">>", %q); print F "$worker\n"; close F; sleep 1000`, p.path(name+".workers")))
		return fmt.Sprintf(`%s.pkg = create { name = %[1]q; foregroundProcess = "${pkgs.perl}/bin/perl"; args = [ %q ]; };`, name, program)
	}
	both := p.model("both.nix", "{ "+server("one")+server("two")+" }")
	one := p.model("one.nix", "{ "+server("one")+" }")
	var left []int
	t.Cleanup(func() {
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	lost := func(name string, pid int) {
		t.Helper()
		want := fmt.Sprintf(`(?m)^%s .*process %d of it runs, and supervisord has lost it`, name, pid)
		if said := p.nixproc("status").stdout; !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("nixproc status does not say %s:\n%s", want, said)
		}
		left = append(left, pid)
	}
	gone := func() {
		t.Helper()
		for _, pid := range left {
			if _, alive := pidfile.Started(pid); alive {
				t.Errorf("process %d runs on", pid)
			}
		}
	}
	worker := func(name string) int {
		t.Helper()
		all := strings.Fields(read(t, p.path(name+".workers")))
		pid, err := strconv.Atoi(all[len(all)-1])
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}

	kill := p.run()
	p.mustSwitchTo(both)
	first, orphan, kept := p.number("one"), worker("one"), p.number("two")
	syscall.Kill(first, syscall.SIGKILL)
	eventually(t, "supervisord has started it again", func() bool { return p.observe()["one"] != "" && p.number("one") != first })
	lost("one", orphan)
	p.mustSwitchTo(both)
	p.runsExactly("one", "two")
	gone()
	if now := p.number("two"); now != kept {
		t.Errorf("two was process %d, and is %d", kept, now)
	}

	masters := map[string]int{"one": p.number("one"), "two": kept}
	left = append(left, worker("one"), worker("two"))
	kill()
	p.run()
	for name, master := range masters {
		lost(name, master)
	}
	p.mustSwitchTo(one)
	p.runsExactly("one")
	gone()
	p.mustSwitchTo("--undeploy")
	if exists(p.seen()) {
		t.Error("what was seen stays when nothing runs")
	}
}

// P4: so is one that was started beside another that failed, or by a supervisord that
// was started again, or started it again.
func TestStartedAnewIsLost(t *testing.T) {
	t.Parallel()
	p := newSupervisord(t)
	p.hostNeeds("perl")
	program := p.write("one.pl", `$0 = "titled"; sleep 1000`)
	model := p.model("model.nix", fmt.Sprintf(`{
  one.pkg = create { name = "one"; foregroundProcess = "${pkgs.perl}/bin/perl"; args = [ %q ]; };
  bad.pkg = create { name = "bad"; foregroundProcess = script "bad" "exit 3"; };
}`, program))
	starts := func(after int) (pid int) {
		t.Helper()
		eventually(t, "supervisord has started it", func() bool {
			pid, _ = strconv.Atoi(strings.Fields(p.observe()["one"] + " 0")[0])
			return pid > 0 && pid != after
		})
		t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
		return pid
	}
	kill := p.run()
	if r := p.switchTo("--keep-going", model); r.code != 2 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	left := []int{starts(0)}
	kill()
	kill = p.run()
	anew := starts(0)
	syscall.Kill(anew, syscall.SIGKILL)
	left = append(left, starts(anew))
	p.nixproc("status")
	kill()
	p.run()
	said := p.nixproc("status").stdout
	for _, pid := range left {
		if !strings.Contains(said, fmt.Sprintf("process %d of it runs, and supervisord has lost it", pid)) {
			t.Errorf("nixproc status does not say that %d is lost:\n%s", pid, said)
		}
	}
	p.mustSwitchTo("--undeploy")
	for _, pid := range left {
		if _, alive := pidfile.Started(pid); alive {
			t.Errorf("process %d runs on", pid)
		}
	}
}
