package ast

import "strings"

// rights writes the statements about rights and roles; ok is false for others.
func (p *printer) rights(s Statement) (ok bool) {
	switch s := s.(type) {
	case *Grant:
		p.grant(s)
	case *GrantRole:
		p.put(map[bool]string{false: "GRANT", true: "REVOKE"}[s.Revoke], " ROLE ")
		p.idents(s.Roles)
		p.grantees(s.Revoke, s.To)
	case *CreateRole:
		p.put("CREATE ROLE ")
		p.flag(s.IfNotExists, "IF NOT EXISTS ")
		p.ident(s.Name)
	case *DropRole:
		p.put("DROP ROLE ")
		p.flag(s.IfExists, "IF EXISTS ")
		p.ident(s.Name)
	case *ShowGrants:
		p.put("SHOW GRANTS")
		if s.To != nil {
			p.put(" TO ")
			p.grantee(*s.To)
		}
		if s.On != nil {
			p.put(" ON ")
			p.securable(*s.On)
		}
	case *ShowRoles:
		p.put("SHOW ")
		p.flag(s.Current, "CURRENT ")
		p.put("ROLES")
	case *AlterOwner:
		p.put("ALTER ")
		p.securable(s.Of)
		p.put(" OWNER TO ")
		p.grantee(s.To)
	default:
		return false
	}
	return true
}

func (p *printer) grant(s *Grant) {
	p.put(map[bool]string{false: "GRANT ", true: "REVOKE "}[s.Revoke])
	p.flag(s.Revoke && s.Option, "GRANT OPTION FOR ")
	list(p, s.Rights, func(r Right) {
		p.put(r.Name)
		if len(r.Columns) > 0 {
			p.put(" ")
			p.columns(r.Columns)
		}
	})
	p.put(" ON ")
	p.securable(s.On)
	p.grantees(s.Revoke, s.To)
	p.flag(!s.Revoke && s.Option, " WITH GRANT OPTION")
}

func (p *printer) grantees(revoke bool, to []Grantee) {
	p.put(map[bool]string{false: " TO ", true: " FROM "}[revoke])
	list(p, to, p.grantee)
}

func (p *printer) grantee(g Grantee) {
	p.put([...]string{"", "USER ", "ROLE "}[g.Kind])
	p.put("`", strings.ReplaceAll(g.Name, "`", "``"), "`") // it may be the word USER
}

func (p *printer) securable(s Securable) {
	p.put(s.Kind.String())
	p.named(" ", s.Name)
}

// rightsAction writes what ALTER TABLE does to rights; ok is false for other actions.
func (p *printer) rightsAction(a AlterAction) (ok bool) {
	switch a := a.(type) {
	case *SetOwner:
		p.put(" OWNER TO ")
		p.grantee(a.To)
	case *SetRowFilter:
		if a.Drop {
			p.put(" DROP ROW FILTER")
			break
		}
		p.put(" SET ")
		p.rowFilter(a)
	case *SetMask:
		p.named(" ALTER COLUMN ", a.Column)
		if a.Drop {
			p.put(" DROP MASK")
			break
		}
		p.put(" SET ")
		p.mask(a)
	default:
		return false
	}
	return true
}

// rowFilter writes ROW FILTER f ON (columns).
func (p *printer) rowFilter(f *SetRowFilter) {
	p.named("ROW FILTER ", f.Function)
	p.put(" ON ")
	if len(f.Columns) == 0 {
		p.put("()")
		return
	}
	p.columns(f.Columns)
}

// mask writes MASK f [USING COLUMNS (columns)].
func (p *printer) mask(m *SetMask) {
	p.named("MASK ", m.Function)
	if len(m.Using) > 0 {
		p.put(" USING COLUMNS ")
		p.columns(m.Using)
	}
}
