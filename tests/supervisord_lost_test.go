package tests

import (
	"fmt"
	"regexp"
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
