// Launchctl stands for macOS's launchctl(1), launchd(8) and wait4path(1) where
// there is no macOS, by the name that it is called by. It takes what nixproc may
// call, in the form of the manual pages, and refuses all else; the daemon really
// runs the programs of plists. It must not know nixproc's packages.
//
// NIXPROC_TEST_LAUNCHD is a directory with the daemon's socket and a log of all
// calls.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// answer of the daemon to a call.
type answer struct {
	Out, Err string
	Code     int
}

func main() {
	dir := os.Getenv("NIXPROC_TEST_LAUNCHD")
	switch filepath.Base(os.Args[0]) {
	case "launchctl":
		call(dir)
	case "launchd":
		serve(dir)
	case "spawn":
		spawn(os.Args[1])
	case "wait4path":
		waitForPath()
	default:
		fail(64, "call it launchctl, launchd, spawn or wait4path")
	}
}

func fail(code int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(code)
}

// call passes the arguments on to the daemon.
func call(dir string) {
	connection, err := net.Dial("unix", filepath.Join(dir, "s"))
	if err != nil {
		fail(1, "launchd does not run: %v", err)
	}
	if err := json.NewEncoder(connection).Encode(os.Args[1:]); err != nil {
		fail(1, "%v", err)
	}
	var a answer
	if err := json.NewDecoder(connection).Decode(&a); err != nil {
		fail(1, "%v", err)
	}
	fmt.Print(a.Out)
	fmt.Fprint(os.Stderr, a.Err)
	os.Exit(a.Code)
}

// serve is the daemon. SIGTERM ends it, with all that it runs.
func serve(dir string) {
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		fail(1, "%v", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		fail(1, "%v", err)
	}
	d := &launchd{dir: dir, domain: os.Getenv("NIXPROC_TEST_DOMAIN"), jobs: map[string]*job{}, disabled: map[string]bool{}}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		d.endAll()
		os.Exit(0)
	}()
	var logging sync.Mutex
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(1, "%v", err)
		}
		go func() {
			defer connection.Close()
			var args []string
			if json.NewDecoder(connection).Decode(&args) != nil {
				return
			}
			a := d.do(args)
			logging.Lock()
			fmt.Fprintf(log, "%d %s\n", a.Code, strings.Join(args, " "))
			logging.Unlock()
			_ = json.NewEncoder(connection).Encode(a) // who called may be gone
		}()
	}
}

func waitForPath() {
	if len(os.Args) != 2 {
		fail(64, "usage: wait4path PATH")
	}
	for {
		if _, err := os.Stat(os.Args[1]); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
