package client

// Bare is a session of a server that knows no sessions.
func Bare(c Config) (s *Session, err error) {
	s = newSession(c)
	s.link, err = s.dial(c.Address)
	return s, err
}
