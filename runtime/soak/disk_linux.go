package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The ioctl that shuts a mounted ext4 down at once, as though its power were cut: what is
// in the page cache and not on the disk is gone.
const (
	ext4Shutdown = 0x8004587d
	noLogFlush   = 2
)

// disk is a small file system of its own.
type disk struct{ image, dir string }

// newDisk makes one, or says why it cannot.
func (c *Config) newDisk(megabytes int) (*disk, error) {
	if os.Getuid() != 0 {
		return nil, &NotRunError{"mounting a loop device needs root"}
	}
	dir, err := os.MkdirTemp(c.Dir, "disk-*")
	if err != nil {
		return nil, err
	}
	d := &disk{image: filepath.Join(dir, "image"), dir: filepath.Join(dir, "mount")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return nil, err
	}
	for _, cmd := range [][]string{
		{"truncate", "-s", fmt.Sprint(megabytes, "M"), d.image},
		{"mkfs.ext4", "-q", "-F", "-m", "0", d.image},
	} {
		if err := command(cmd...); err != nil {
			return nil, &NotRunError{err.Error()}
		}
	}
	if err := d.mount(); err != nil {
		return nil, &NotRunError{err.Error()}
	}
	return d, nil
}

func command(words ...string) error {
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput() //nolint:gosec // our own words
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (d *disk) mount() error { return command("mount", "-o", "loop", d.image, d.dir) }

func (d *disk) unmount() error {
	var err error
	for range 50 { // a process that was killed may hold it for a moment
		if err = command("umount", d.dir); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// remove gives everything back.
func (d *disk) remove() {
	_ = d.unmount() // it may not be mounted
	_ = os.RemoveAll(filepath.Dir(d.dir))
}

// cut is the power cut.
func (d *disk) cut() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := uint32(noLogFlush)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), ext4Shutdown, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return errno
	}
	return nil
}

// cuts cuts the power at random instants. An acknowledgement counts if it was there
// before the cut began: an fsync that is under way then may say that it succeeded.
func cuts(ctx context.Context, c *Config) (Result, error) {
	var total Result
	for left := c.Cuts; left > 0; left -= lives {
		r, err := c.someCuts(ctx, min(left, lives))
		total = total.plus(r)
		if err != nil || r.Lost+r.Phantom > 0 {
			return total, err
		}
	}
	return total, nil
}

func (c *Config) someCuts(ctx context.Context, n int) (Result, error) {
	d, err := c.newDisk(1024)
	if err != nil {
		return Result{}, err
	}
	defer d.remove()
	w, err := c.newWorld(filepath.Join(d.dir, "data"))
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	w.pub.start(ctx, clients)
	for range n {
		if err := w.cutOnce(ctx, d); err != nil {
			w.pub.halt()
			return Result{}, err
		}
	}
	w.pub.halt()
	v, _, err := w.judge(ctx)
	if err == nil && v.pending > 0 {
		err = fmt.Errorf("%d deliveries are pending after a minute", v.pending)
	}
	return w.result(n, v), err
}

func (w *world) cutOnce(ctx context.Context, d *disk) error {
	p, err := w.start(ctx)
	if err != nil {
		return err
	}
	w.publish(ctx)
	from := time.Now()
	if err := d.cut(); err != nil {
		return err
	}
	p.kill()
	w.pub.forget(from, time.Now())
	if err := d.unmount(); err != nil {
		return err
	}
	return d.mount()
}

// fsyncError takes the disk away and leaves the process alive: it must acknowledge
// nothing more, and end.
func fsyncError(ctx context.Context, c *Config) (Result, error) {
	d, err := c.newDisk(256)
	if err != nil {
		return Result{}, err
	}
	defer d.remove()
	w, err := c.newWorld(filepath.Join(d.dir, "data"))
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	p, err := w.start(ctx)
	if err != nil {
		return Result{}, err
	}
	w.pub.start(ctx, clients)
	w.publish(ctx)
	from := time.Now()
	if err := d.cut(); err != nil {
		return Result{}, err
	}
	cut := time.Now()
	ended := p.wait(10 * time.Second)
	took := time.Since(from)
	w.pub.forget(from, cut.Add(50*time.Millisecond)) // answers to fsyncs that were under way
	last := w.pub.count()
	w.pub.halt()
	if w.pub.count() != last {
		return Result{}, errors.New("events were acknowledged without a disk")
	}
	if ended == nil {
		return Result{}, errors.New("it ended as though all were well")
	}
	if took > 7*time.Second { // the drain's five, and what ending takes
		return Result{}, fmt.Errorf("it took %v to end: %w", took, ended)
	}
	if err := errors.Join(d.unmount(), d.mount()); err != nil {
		return Result{}, err
	}
	v, _, err := w.judge(ctx)
	return w.result(1, v), err
}

// diskFull fills the disk, looks at how senders are answered, and makes room again.
func diskFull(ctx context.Context, c *Config) (Result, error) {
	d, err := c.newDisk(96)
	if err != nil {
		return Result{}, err
	}
	defer d.remove()
	w, err := c.newWorld(filepath.Join(d.dir, "data"))
	if err != nil {
		return Result{}, err
	}
	defer w.remove()
	p, err := w.start(ctx)
	if err != nil {
		return Result{}, err
	}
	w.pub.start(ctx, clients)
	w.publish(ctx)
	filler := filepath.Join(d.dir, "filler")
	// It must not make room of its reserve while the filler still takes all there is.
	if err := p.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		return Result{}, err
	}
	err = fillUp(filler)
	if err := errors.Join(err, p.cmd.Process.Signal(unix.SIGCONT)); err != nil {
		return Result{}, err
	}
	w.pub.mu.Lock()
	w.pub.since = time.Now() // those before waited for a process that stood still
	w.pub.mu.Unlock()
	if err := w.untilThrottled(ctx); err != nil {
		w.pub.halt()
		return Result{}, err
	}
	full := w.pub.count()
	if err := keepsDelivering(ctx, p); err != nil {
		w.pub.halt()
		return Result{}, err
	}
	if err := os.Remove(filler); err != nil {
		return Result{}, err
	}
	began := time.Now()
	for w.pub.count() == full && time.Since(began) < 5*time.Second {
		wait(ctx, time.Millisecond)
	}
	resumed := time.Since(began)
	w.pub.halt()
	if resumed > time.Second {
		return Result{}, fmt.Errorf("senders were let in again after %v", resumed)
	}
	fmt.Fprintf(c.Out, "%28s %d requests throttled, the slowest after %v; let in again after %v\n", "", w.pub.throttled, w.pub.slowest, resumed)
	if err := p.term(); err != nil {
		return Result{}, err
	}
	v, _, err := w.judge(ctx)
	return w.result(1, v), err
}

// fillUp takes all room.
func fillUp(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		return err
	}
	return f.Close()
}

// untilThrottled waits until senders are refused, as the service refuses them.
func (w *world) untilThrottled(ctx context.Context) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); wait(ctx, time.Millisecond) {
		w.pub.mu.Lock()
		n := w.pub.throttled
		w.pub.mu.Unlock()
		if n >= 20 {
			return nil
		}
	}
	return errors.New("the disk is full, and senders are not throttled")
}

// keepsDelivering waits until nothing but retries waits, while the disk is full.
func keepsDelivering(ctx context.Context, p *process) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); wait(ctx, 20*time.Millisecond) {
		stats, err := p.status(ctx)
		if err != nil {
			return err
		}
		unread := 0
		for _, l := range stats.Lanes {
			unread += l.Unread
		}
		if unread == 0 && stats.Full {
			return nil
		}
	}
	return errors.New("deliveries do not go on while the disk is full")
}
