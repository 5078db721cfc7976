package auth

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// Users is an Authenticator over a file of users, a line each:
//
//	name:hash[:role,role…]
//
// A hash is bcrypt ($2a$, $2b$, $2y$, as htpasswd -B writes it) or argon2id
// ($argon2id$v=19$m=…,t=…,p=…$salt$key). Lines that are empty or begin with #
// are passed over. The file is read again when it has changed.
type Users struct {
	Refusals
	file string

	mu      sync.Mutex
	seen    os.FileInfo
	checked time.Time
	users   map[string]account

	// gate bounds how many passwords are hashed at a time: each takes tens of
	// milliseconds and, with argon2, tens of megabytes.
	gate chan struct{}
}

type account struct {
	hash  string
	roles []string
}

// passwordLimit bounds what is hashed, in bytes. bcrypt itself reads 72.
const passwordLimit = 1024

// OpenUsers reads a file of users.
func OpenUsers(file string) (*Users, error) {
	u := &Users{file: file, gate: make(chan struct{}, 2)}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u, u.load()
}

func (u *Users) load() error {
	info, err := os.Stat(u.file)
	if err != nil {
		return err
	}
	f, err := os.Open(u.file)
	if err != nil {
		return err
	}
	defer f.Close()
	users := map[string]account{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(line, ":", 3)
		if len(parts) < 2 || parts[0] == "" {
			return fmt.Errorf("%s:%d: a line has the form name:hash or name:hash:role,role", u.file, n)
		}
		if err := usable(parts[1]); err != nil {
			return fmt.Errorf("%s:%d: user %s: %w", u.file, n, parts[0], err)
		}
		if _, twice := users[parts[0]]; twice {
			return fmt.Errorf("%s:%d: user %s is there twice", u.file, n, parts[0])
		}
		a := account{hash: parts[1]}
		if len(parts) == 3 {
			for _, r := range strings.Split(parts[2], ",") {
				if r = strings.TrimSpace(r); r != "" {
					a.roles = append(a.roles, r)
				}
			}
		}
		users[parts[0]] = a
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", u.file, err)
	}
	u.users, u.seen = users, info
	return nil
}

// lookup returns an account, from the file as it was at most a second ago. A file
// that cannot be read any more leaves the accounts as they were.
func (u *Users) lookup(name string) (account, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := time.Now(); now.Sub(u.checked) > time.Second {
		u.checked = now
		if info, err := os.Stat(u.file); err == nil && (info.ModTime() != u.seen.ModTime() || info.Size() != u.seen.Size()) {
			_ = u.load()
		}
	}
	a, ok := u.users[name]
	return a, ok
}

// nobody is hashed against for users there are not, so that the time an answer
// takes does not tell.
var nobody = sync.OnceValue(func() string {
	h, _ := bcrypt.GenerateFromPassword([]byte("nobody"), bcrypt.DefaultCost)
	return string(h)
})

// Password implements Authenticator.
func (u *Users) Password(ctx context.Context, user, password string) (Principal, error) {
	if len(password) > passwordLimit {
		return Principal{}, fmt.Errorf("%w: a password of %d bytes", ErrRefused, len(password))
	}
	a, known := u.lookup(user)
	if !known {
		a.hash = nobody()
	}
	select {
	case u.gate <- struct{}{}:
		defer func() { <-u.gate }()
	case <-ctx.Done():
		return Principal{}, ctx.Err()
	}
	if !matches(a.hash, password) || !known {
		return Principal{}, fmt.Errorf("%w: user %q", ErrRefused, user)
	}
	return Principal{Name: user, Roles: a.roles, By: a.stamp()}, nil
}

// stamp tells a user's entry from one with another password.
func (a account) stamp() string {
	sum := sha256.Sum256([]byte(a.hash))
	return usersStamp + base64.RawURLEncoding.EncodeToString(sum[:9])
}

const usersStamp = "users:"

// Again implements Authenticator: a user who is no more in the file, or has
// another password there, is refused, and roles are those of the file now.
func (u *Users) Again(_ context.Context, p Principal) (Principal, error) {
	if !strings.HasPrefix(p.By, usersStamp) {
		return Principal{}, ErrNotMine
	}
	a, known := u.lookup(p.Name)
	if !known || a.stamp() != p.By {
		return Principal{}, fmt.Errorf("%w: user %q has gone, or has another password", ErrRefused, p.Name)
	}
	p.Roles = a.roles
	return p, nil
}

// HashPassword makes a hash for a file of users.
func HashPassword(password string) (string, error) {
	if len(password) > 72 {
		return "", fmt.Errorf("a password has at most 72 bytes, not %d", len(password))
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), 12)
	return string(h), err
}

func usable(hash string) error {
	if strings.HasPrefix(hash, "$argon2id$") {
		_, err := parseArgon(hash)
		return err
	}
	if _, err := bcrypt.Cost([]byte(hash)); err != nil {
		return fmt.Errorf("the hash is neither bcrypt nor argon2id")
	}
	return nil
}

func matches(hash, password string) bool {
	if !strings.HasPrefix(hash, "$argon2id$") {
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
	}
	a, err := parseArgon(hash)
	if err != nil {
		return false
	}
	key := argon2.IDKey([]byte(password), a.salt, a.time, a.memory, a.threads, uint32(len(a.key)))
	return subtle.ConstantTimeCompare(key, a.key) == 1
}

type argon struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// parseArgon reads the PHC form of an argon2id hash.
func parseArgon(hash string) (a argon, err error) {
	parts := strings.Split(hash, "$")
	var version int
	if len(parts) != 6 {
		return a, fmt.Errorf("the argon2id hash does not have five parts")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return a, fmt.Errorf("the argon2id hash is not of version %d", argon2.Version)
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.memory, &a.time, &a.threads); err != nil {
		return a, fmt.Errorf("the argon2id hash has no m, t and p")
	}
	if a.memory > 1<<20 || a.time < 1 || a.time > 100 || a.threads < 1 {
		return a, fmt.Errorf("the argon2id hash wants %d KiB and %d passes; at most 1 GiB and 100 are done", a.memory, a.time)
	}
	if a.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return a, fmt.Errorf("the salt of the argon2id hash is not base64")
	}
	if a.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(a.key) < 16 {
		return a, fmt.Errorf("the key of the argon2id hash is not base64 of 16 bytes or more")
	}
	return a, nil
}
