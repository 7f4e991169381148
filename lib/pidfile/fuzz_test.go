package pidfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Whatever a pid file holds, the process that it names lives, and its number is
// the first word there.
func FuzzReadFile(f *testing.F) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		f.Skip("no /proc here")
	}
	own := fmt.Sprint(os.Getpid())
	for _, text := range []string{own, own + "\n", own + " x\n", "\n\t " + own, "+" + own, "0" + own, own + "\x00", "-" + own, "0", "1", "-1", "", "\x00", "99999999999999999999", strings.Repeat(" ", short-len(own)+1) + own, strings.Repeat(" ", short-len(own)-1) + own} {
		f.Add(text)
	}
	file := filepath.Join(f.TempDir(), "a.pid")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		process, alive, err := Read(file, Expected{})
		if err != nil {
			t.Fatal(err)
		}
		ended := Ended(file, time.Now().Add(-time.Minute))
		if !alive {
			return
		}
		if words := strings.Fields(text); process.PID <= 1 || ended || strings.TrimLeft(words[0], "+0") != strconv.Itoa(process.PID) {
			t.Fatalf("%q names the process %d", text, process.PID)
		}
		if _, lives := Started(process.PID); !lives {
			t.Fatalf("%q names the process %d, which does not live", text, process.PID)
		}
	})
}
