// git-ssh serves bare repositories over ssh, as a Git host does with deploy keys.
//
//	git-ssh KEYS REPOSITORIES PORT WITHIN_MS
//
// KEYS/host_key is its own key, KEYS/authorized_keys whom it lets in: read again at each connection. What is asked for is
// looked up in REPOSITORIES. Read-only: git-upload-pack and nothing else. Ends by itself after WITHIN_MS.
// stdout: a line per connection and per request.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gliderlabs/ssh"
)

const usage = "git-ssh KEYS REPOSITORIES PORT WITHIN_MS"

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--help" {
		fmt.Println(usage)
		return
	}
	if len(os.Args) != 5 {
		log.Fatal(usage)
	}
	keys, repositories, port := os.Args[1], os.Args[2], os.Args[3]
	within, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatal(usage)
	}
	time.AfterFunc(time.Duration(within)*time.Millisecond, func() { os.Exit(0) })

	server := &ssh.Server{
		Addr:    "127.0.0.1:" + port,
		Handler: func(session ssh.Session) { serve(session, repositories) },
		PublicKeyHandler: func(ctx ssh.Context, key ssh.PublicKey) bool {
			allowed := isAllowed(filepath.Join(keys, "authorized_keys"), key)
			fmt.Printf("key of %s: %v\n", ctx.User(), allowed)
			return allowed
		},
	}
	if err := server.SetOption(ssh.HostKeyFile(filepath.Join(keys, "host_key"))); err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.ListenAndServe())
}

func isAllowed(path string, key ssh.PublicKey) bool {
	rest, err := os.ReadFile(path)
	for err == nil && len(rest) > 0 {
		var known ssh.PublicKey
		known, _, _, rest, err = ssh.ParseAuthorizedKey(rest)
		if err == nil && ssh.KeysEqual(known, key) {
			return true
		}
	}
	return false
}

func serve(session ssh.Session, repositories string) {
	words := session.Command()
	fmt.Printf("%s\n", strings.Join(words, " "))
	if len(words) != 2 || words[0] != "git-upload-pack" {
		fmt.Fprintln(session.Stderr(), "ERROR: only git-upload-pack is served")
		session.Exit(1)
		return
	}
	repository := filepath.Join(repositories, filepath.Clean("/"+words[1]))
	if _, err := os.Stat(repository); err != nil {
		// In the words of the big Git hosts.
		fmt.Fprintln(session.Stderr(), "ERROR: Repository not found.")
		session.Exit(1)
		return
	}
	git := exec.CommandContext(session.Context(), "git", "upload-pack", repository)
	git.Env = []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1"}
	for _, set := range session.Environ() {
		if strings.HasPrefix(set, "GIT_PROTOCOL=") {
			git.Env = append(git.Env, set)
		}
	}
	git.Stdin, git.Stdout, git.Stderr = session, session, session.Stderr()
	if err := git.Run(); err != nil {
		fmt.Printf("git-upload-pack: %v\n", err)
		session.Exit(1)
		return
	}
	session.Exit(0)
}
