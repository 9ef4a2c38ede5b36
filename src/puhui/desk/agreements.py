"""Stories of contracts: drawn up, signed by the institution, proposed, approved and signed for the zone, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puhui.contracts.agreement import check_contract
from puhui.contracts.contract import (
    Contract,
    Signature,
    check_signature,
    draw_up,
    read_contract,
    sign_contract,
    signature_of,
    text_of,
)
from puhui.contracts.offer import NO_CHANNEL, OWN_PULL, Offers
from puhui.desk.admissions import found
from puhui.desk.offers import offers_of
from puhui.desk.officers import check_reason
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.desk.rooms import DeskRooms, OpenAct
from puhui.metering.prices import price_of
from puhui.model.institution import Institution
from puhui.model.refusal import Said
from puhui.model.refusals_question import ContractRefused

SIGN, END = "sign-contract", "end-contract"
Arguments = Mapping[str, Any]


def draft(rooms: DeskRooms, given: Arguments) -> Contract:
    """A contract out of what two parties agreed, in the form that both sign.

    `products`: of each its name, purposes and quotas. The channel of each is the pack's; its licence is the
    institution's own, or that of `holder`.
    """
    offers = offers_of(rooms.packs, rooms.now().date())
    institution = found(rooms, given["institution"])
    holder = found(rooms, given["holder"]) if given.get("holder") else institution
    return draw_up(
        {
            "v": 1,
            "zone": rooms.partners.zone,
            "institution": institution.id,
            "made": text_of(rooms.now()),
            "valid_from": text_of(given["valid_from"]),
            "valid_until": text_of(given["valid_until"]),
            "products": [_granted(rooms, offers, holder, one) for one in given["products"]],
            "plan": dict(given["plan"]),
            "end_users": sorted(given.get("end_users", ())),
            "items": sorted(given.get("items", ())),
        }
    )


def contract_prepared(rooms: DeskRooms, given: Arguments) -> dict[str, Any]:
    """A contract with the institution's signature, checked against law, packs, licences and its other contracts."""
    contract = read_contract(given["document"].encode())
    signature = signature_of(given["signature"])
    _check(rooms, contract, signature)
    return {"contract": contract.id, "document": given["document"], "signature": given["signature"]}


def sign(rooms: DeskRooms, act: OpenAct, by: str) -> dict[str, Any]:
    """Everything is checked again, for packs and keys may have changed; then the zone signs and it is in force."""
    contract = read_contract(act.arguments["document"].encode())
    signature = signature_of(act.arguments["signature"])
    _check(rooms, contract, signature)
    ours = sign_contract(contract.document, rooms.partners.signer())
    officers = (act.proposed_by, by)
    rooms.partners.contracts.sign(contract, (signature, ours), by=officers, at=rooms.now())
    return {"contract": contract.id, "state": "in_force"}


@by_officer(END)
def end_contract(rooms: DeskRooms, contract_id: str, *, by: str, reason: str) -> dict[str, Any]:
    """End a contract at once; one officer may. The next question under it is refused."""
    check_reason(by, reason)
    check_may_propose(rooms.officers, END, by=by)
    rooms.partners.contracts.end(contract_id, by=by, at=rooms.now(), reason=reason)
    return {"contract": contract_id, "state": "ended"}


def contract_rows(rooms: DeskRooms, institution: str = "") -> Sequence[Mapping[str, Any]]:
    """Every contract, as `puhui contract list --json` prints it."""
    return rooms.partners.contracts.states(institution)


def _check(rooms: DeskRooms, contract: Contract, signature: Signature) -> None:
    now, partners = rooms.now(), rooms.partners
    if contract.terms.zone != partners.zone:
        raise _refused(Said("合同的另一方不是本专区", "the contract is with another zone"))
    known = partners.directory.key(signature.key_id)
    if known is None or known.institution.id != contract.terms.institution or not known.in_force(now):
        raise _refused(
            Said("签署合同的不是该机构的现行密钥", "the contract is not signed by a key in force of the institution")
        )
    check_signature(contract.document, signature, known.key)
    for granted in contract.terms.products:  # every product has a price before anybody asks
        price_of(contract.plan, granted.product, answered=0, of_product=0, fen=0)
    offers = offers_of(rooms.packs, now.date())
    check_contract(contract, offers, partners.contracts, partners.contracts.in_force(now), now)


def _granted(rooms: DeskRooms, offers: Offers, holder: Institution, given: Arguments) -> dict[str, Any]:
    offer = offers.products.get(given["product"])
    channel = offer.channel if offer is not None else NO_CHANNEL
    through = {"channel": channel, "holder": "", "record": ""}
    if channel not in (NO_CHANNEL, OWN_PULL):
        day = rooms.now().date()
        held = [one for one in holder.licences if one.channel == channel and one.in_force(day)]
        through |= {"holder": holder.id, "record": held[0].record if held else ""}
    purposes = given.get("purposes") or ([offer.purpose] if offer is not None else ["lending"])
    return {
        "product": given["product"],
        "purposes": sorted(purposes),
        "through": through,
        "quotas": dict(given.get("quotas", {})),
    }


def _refused(said: Said) -> ContractRefused:
    return ContractRefused(said, todo=Said("改正后重新签署并提议", "mend it, sign it again and propose it"))
