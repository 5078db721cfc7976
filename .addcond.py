import re,sys
p='internal/sqlerr/conditions.go'
s=open(p).read()
for line in sys.stdin:
    line=line.strip()
    if not line: continue
    m=re.match(r'(\w+)\s*=\s*define\("([^"]+)"',line)
    if re.search(r'var %s = '%m.group(1),s) : print("var exists",m.group(1)); continue
    if '"%s"'%m.group(2) in s: print("cond exists",m.group(2), re.search(r'var (\w+) = define\("%s"'%re.escape(m.group(2)),s).group(1)); continue
    L=s.split('\n')
    idx=[i for i,l in enumerate(L) if l.startswith('var ') and '= define(' in l and re.match(r'var (\w+)',l).group(1)>m.group(1) and i>25]
    i=idx[0] if idx else len(L)-1
    L.insert(i,'var '+line)
    s='\n'.join(L)
open(p,'w').write(s)
