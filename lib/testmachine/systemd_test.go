package testmachine

import "testing"
import "time"

func TestSystemd(t *testing.T) {
	b := time.Now()
	m := started(t, Spec{Manager: "systemd", Unprivileged: true})
	t.Log(time.Since(b))
	t.Log(says(t, m, "root", "sh", "-c", "systemctl is-system-running; ps axf; systemctl --no-pager --failed; systemctl --no-pager list-units; systemd-analyze; systemd-analyze blame; systemd-analyze critical-chain;  journalctl -b --no-pager -o short-monotonic| tail -50; ls /etc/tmpfiles.d"))
	t.Log(says(t, m, User, "sh", "-c", "systemctl --user is-system-running; systemctl --user list-units --no-pager; systemctl --user status --no-pager; cat /proc/self/cgroup; systemd-analyze blame; exit 0"))
}
