package deploy

import (
	"context"
	"debug/elf"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const tree = "../.." // the top of the project, which is the build's context

// dockerfile is what the Dockerfile says of the image.
type dockerfile struct {
	env                      map[string]string
	health, entrypoint, args []string
	user, volume             string
	// copies are the COPY lines of the last stage: from the stage or "", source, destination.
	copies [][3]string
	// runs are the RUN lines of the build.
	runs []string
}

var (
	copyLine  = regexp.MustCompile(`^COPY (?:--from=(\S+) )?(?:--chown=\S+ )?(\S+) (\S+)$`)
	valueLine = regexp.MustCompile(`(TOCSIN_\w+)=(\S+)`)
)

// readDockerfile reads the lines that this test knows, and fails at any other: a new one
// has to be looked at here, too.
func readDockerfile(t *testing.T) dockerfile {
	t.Helper()
	text, err := os.ReadFile("docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	d := dockerfile{env: map[string]string{}}
	stages := 0
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", "")) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case word == "" || strings.HasPrefix(word, "#") || word == "ARG" || word == "WORKDIR" || word == "EXPOSE" || word == "STOPSIGNAL":
		case word == "FROM":
			stages++
		case word == "RUN" && stages == 1:
			d.runs = append(d.runs, rest)
		case word == "COPY" && stages == 2:
			m := copyLine.FindStringSubmatch(strings.TrimSpace(line))
			d.copies = append(d.copies, [3]string{m[1], m[2], m[3]})
		case word == "COPY":
		case word == "ENV":
			for _, m := range valueLine.FindAllStringSubmatch(rest, -1) {
				d.env[m[1]] = m[2]
			}
		case word == "USER":
			d.user = rest
		case word == "VOLUME":
			d.volume = rest
		case word == "HEALTHCHECK":
			d.health = list(t, rest[strings.Index(rest, "["):])
		case word == "ENTRYPOINT":
			d.entrypoint = list(t, rest)
		case word == "CMD":
			d.args = list(t, rest)
		default:
			t.Errorf("this test does not know what to do with %q", line)
		}
	}
	return d
}

func list(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return words
}

// TestImage does what the Dockerfile says without Docker: it makes the folder that the
// image would be, and runs the program in it as its user, who finds nothing else there.
func TestImage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the whole program")
	}
	d := readDockerfile(t)
	takes(t, "docker/Dockerfile", d.env)
	root := filepath.Join(t.TempDir(), "root")
	for _, c := range d.copies {
		destination := filepath.Join(root, c[2])
		switch {
		case c[1] == "/src/bin/tocsin":
			d.build(t, destination)
		case c[1] == "$RULES":
			put(t, filepath.Join(tree, "examples/on-call/rules"), destination)
		case c[1] == "/root-of-image/": // the folders that the last RUN makes
			for _, dir := range strings.Fields(d.runs[len(d.runs)-1])[2:] {
				if err := os.MkdirAll(filepath.Join(root, strings.TrimPrefix(dir, c[1])), 0o750); err != nil {
					t.Fatal(err)
				}
			}
		case strings.HasSuffix(c[1], "/ca-certificates.crt"):
		default:
			t.Errorf("this test does not know where %s comes from", c[1])
		}
	}
	run(t, d, root)
}

// build runs the go command of the RUN line and holds that its product needs no library.
func (d dockerfile) build(t *testing.T, binary string) {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("$VERSION", "image", "$TARGETARCH", "").Replace(d.runs[1]))
	shown := exec.Command(words[0], append([]string{"--dry-run", "--no-print-directory"}, words[1:3]...)...)
	shown.Dir = tree
	out, err := shown.Output()
	if err != nil {
		t.Fatalf("%s: %v", d.runs[1], err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	command := strings.Replace(lines[len(lines)-1], "-o bin/tocsin", "-o "+binary, 1)
	if !strings.HasPrefix(command, "CGO_ENABLED=0 go build ") || !strings.Contains(command, binary) {
		t.Fatalf("%s ends with %s", d.runs[1], command)
	}
	build := exec.Command("sh", "-c", command)
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	file, err := elf.Open(binary)
	if err != nil {
		t.Skipf("skipped: the image runs Linux, and here is built: %v", err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the binary is not static: it has %v", p.Type)
		}
	}
}

func put(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// run starts the program with the folder as its root, as a user who owns nothing but the
// volume, and waits until the image's health check is content.
func run(t *testing.T, d dockerfile, root string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: running it in the image's folder; only root can change the root")
	}
	own(t, root, filepath.Join(root, d.volume))
	address := freeAddress(t)
	var env []string
	for name, value := range d.env {
		env = append(env, name+"="+value)
	}
	env = append(env, "TOCSIN_LISTEN="+address, "TOCSIN_XRAY=off", "TOCSIN_SERVER=http://"+address)
	inside := func(words []string) *exec.Cmd {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		t.Cleanup(cancel)
		c := exec.CommandContext(ctx, words[0], words[1:]...)
		c.Env, c.Dir = env, "/"
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return c
	}
	var log strings.Builder
	server := inside(append(d.entrypoint, d.args...))
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	healthy := false
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for tries := 0; tries < 480 && !healthy && len(ended) == 0; tries++ {
		<-tick.C
		healthy = inside(d.health).Run() == nil
	}
	_ = server.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which ended tells
	if err := <-ended; err != nil || !healthy {
		t.Errorf("healthy: %v; the program: %v\n%s", healthy, err, log.String())
	}
	if _, err := os.Stat(filepath.Join(root, d.env["TOCSIN_DATA"])); err != nil {
		t.Errorf("it keeps nothing: %v", err)
	}
}

// own gives the volume to the image's user, and lets him through to it.
func own(t *testing.T, root, volume string) {
	t.Helper()
	for dir := root; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for dir := filepath.Dir(volume); dir != root; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(volume, 65532, 65532); err != nil {
		t.Fatal(err)
	}
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
