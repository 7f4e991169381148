// Command late is a server of the tests that takes its time to be of use.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	address := flag.String("listen", "", "where it listens")
	after := flag.Duration("after", 0, "how long it does not listen")
	unavailable := flag.Duration("unavailable", 0, "how long it answers 503 then")
	dies := flag.Duration("dies", 0, "when it ends, without an error")
	needs := flag.String("needs", "", "a page that has to be there when it starts")
	flag.Parse()
	if err := serve(*address, *after, *unavailable, *dies, *needs); err != nil {
		fmt.Fprintln(os.Stderr, "late:", err)
		os.Exit(1)
	}
}

func serve(address string, after, unavailable, dies time.Duration, needs string) error {
	if needs != "" {
		response, err := http.Get(needs)
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s is not of use yet: %s", needs, response.Status)
		}
	}
	if dies > 0 {
		time.AfterFunc(dies, func() {
			fmt.Fprintln(os.Stderr, "late: no more of this")
			os.Exit(0)
		})
	}
	fmt.Fprintln(os.Stderr, "late: still asleep")
	if address == "" {
		after = 1000 * time.Hour
	}
	time.Sleep(after)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	awake := time.Now().Add(unavailable)
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if time.Now().Before(awake) {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
}
