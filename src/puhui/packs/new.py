"""`puhui pack new`: writes a small pack that passes the check, to begin from."""

from __future__ import annotations

import re
from pathlib import Path

from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused, UnknownName

_FILES = {
    "pack.yaml": """format: 1
name: {name}
version: 0.1.0
title: {{zh: 新数据包, en: New pack}}
owner: {{zh: 市数据局, en: Municipal Data Bureau}}
legal_basis: []
needs: []
replaces: []
""",
    "codes/{table}_state.yaml": """format: 1
name: {table}_state
title: {{zh: 状态, en: State}}
open: false
values:
  - {{code: 有效, title: {{zh: 有效, en: In force}}, also: [生效]}}
  - {{code: 失效, title: {{zh: 失效, en: Ended}}}}
source: to be named
""",
    "resources/{table}.yaml": """format: 1
name: {table}
item_id: {item}-01
title: {{zh: 新资源, en: New resource}}
agency: {{zh: 市数据局, en: Municipal Data Bureau}}
duty: {{zh: 待定, en: To be settled, origin: proposal}}
domain: general
about: organisation
grade: G2
credit_gate: enterprise_auth
use: score
share_mode: conditional
cycle: monthly
lag_days: 20
identify:
  - {{field: uscc, kind: uscc}}
keys: [uscc, month, state]
period: {{field: month, grain: month}}
fields:
  - name: uscc
    title: {{zh: 统一社会信用代码, en: Unified social credit code}}
    type: str(18)
    semantic: uscc
    required: true
    grade: G1
    gate: public
    use: verify
    keep: vault
  - name: month
    title: {{zh: 年月, en: Month}}
    type: ym
    semantic: ym
    required: true
    grade: G1
    gate: enterprise_auth
    use: score
    release: [month]
  - name: state
    title: {{zh: 状态, en: State}}
    type: code(2)
    semantic: code
    grade: G1
    gate: enterprise_auth
    use: score
    release: [value, count]
    code_list: {table}_state
  - name: amount
    title: {{zh: 金额(元), en: Amount (CNY)}}
    type: decimal(16,2)
    semantic: amount
    unit: CNY
    grade: G2
    gate: enterprise_auth
    use: score
    release: [value, band, sum]
checks:
  - id: amount_not_negative
    severity: warn
    holds: amount >= 0
    title: {{zh: 金额不应为负, en: The amount is not negative}}
""",
    "indicators/{table}_amount_12m.sql": """/*
format: 1
id: {item}-A1
title: {{zh: 近12月金额, en: Amount of the last 12 months}}
group: general
subjects: [enterprise]
type: decimal(18,2)
unit: CNY
window: 12M
empty: 0
release: [value, band]
bands: [10000, 100000]
purposes: [lending]
direction: "+"
*/
SELECT subject, sum(amount) AS value
FROM {table}
WHERE month > :back_12m AND month <= :as_of
GROUP BY subject
""",
    "tests/{table}_amount_12m.yaml": """format: 1
name: {table}_amount_12m
as_of: 2026-06-30
cases:
  - name: the month at each edge of the window
    indicator: {table}_amount_12m
    rows:
      {table}:
        - {{subject: a, month: 2025-06, amount: 1.00}}
        - {{subject: a, month: 2025-07, amount: 20.00}}
        - {{subject: a, month: 2026-06, amount: 300.00}}
    figures: {{a: 320.00, b: unknown(absent)}}
""",
}


def new_pack(folder: Path, name: str) -> Path:
    """Writes the skeleton `folder`/`name` and returns it. Raises UnknownName for a name that no pack may have,
    HomeRefused if the folder exists."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise UnknownName(
            Said(
                "数据包名只能用小写字母、数字和连字符",
                "a pack's name is of lower-case letters, digits and hyphens",
            ),
            todo=Said("换一个名称，如 tax-loan", "choose a name such as tax-loan"),
        )
    pack = folder / name
    if pack.exists():
        raise HomeRefused(
            Said(f"文件夹 {name} 已存在", f"the folder {name} exists already"),
            todo=Said("换一个名称或先移走它", "choose another name, or move it away first"),
        )
    table = name.replace("-", "_")
    item = re.sub(r"[^A-Z]", "", name.upper()) or "NEW"
    for path, text in _FILES.items():
        target = pack / path.format(table=table)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.format(name=name, table=table, item=item), encoding="utf-8")
    return pack
