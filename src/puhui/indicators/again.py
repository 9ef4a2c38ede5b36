"""Figures computed again from the editions and definitions that an answer names: of one subject, from its bucket."""

from __future__ import annotations

from puhui.indicators.assemble import assemble
from puhui.indicators.build import Editions, prepare
from puhui.indicators.compile import Plan
from puhui.indicators.engine import Buckets, Engine
from puhui.indicators.layout import Decoder
from puhui.indicators.rows import packed
from puhui.model.figures import Figures
from puhui.model.subject import Subject, bucket_of


def figures_again(
    plan: Plan, editions: Editions, engine: Engine, subject: Subject, *, snapshot: int, buckets: int
) -> Figures:
    """The figures of one subject by a plan over named editions. `snapshot`: the number that they first came under."""
    work = prepare(plan, editions, buckets)
    bucket = bucket_of(subject.token, buckets)
    results = engine.run(work.queries, work.tables, Buckets(bucket, bucket))
    batch = assemble(plan, work.layout, results, buckets)
    row = next((row for _, token, row in packed(batch, work.layout) if token == subject.token), None)
    return Figures(subject.token, snapshot, plan.as_of, Decoder(work.layout).figures(subject.token, row))
