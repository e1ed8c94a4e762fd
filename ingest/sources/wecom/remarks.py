"""What a member of staff notes of a customer, as WeCom's ``externalcontact/remark`` takes it.

Source: developer.work.weixin.qq.com/document/path/92115. Tags are no part of it: WeCom sets them by
their ids (``externalcontact/mark_tag``); their names are told by ``externalcontact/get``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

LONGEST_REMARK, LONGEST_DESCRIPTION, LONGEST_COMPANY = 20, 150, 20  # characters
_Id = Annotated[str, Field(min_length=1)]


class Remark(BaseModel):
    """The noted fields of one customer by one member of staff.

    Parameters
    ----------
    userid : str
        Member of staff.
    external_userid : str
        Customer.
    remark, remark_company : str, optional
        Remark name and company, 20 characters at most. None leaves what WeCom has as it is.
    description : str, optional
        150 characters at most.
    remark_mobiles : tuple of str, optional
        All telephone numbers: they replace those that WeCom has. Empty removes them.
    tags : tuple of str
        Names of tags, ``group: name`` where a tag has a group; not in the payload.

    Examples
    --------
    >>> note = Remark(userid="li.lei", external_userid="wmAnn", remark="Ann", remark_mobiles=())
    >>> note.payload()
    {'userid': 'li.lei', 'external_userid': 'wmAnn', 'remark': 'Ann', 'remark_mobiles': ['']}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    userid: _Id
    external_userid: _Id
    remark: Annotated[str | None, Field(max_length=LONGEST_REMARK)] = None
    description: Annotated[str | None, Field(max_length=LONGEST_DESCRIPTION)] = None
    remark_company: Annotated[str | None, Field(max_length=LONGEST_COMPANY)] = None
    remark_mobiles: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Remark:
        """Return what a payload says; one empty number means that there is none."""
        told = {name: payload.get(name) for name in cls.model_fields if name != "tags"}
        if told["remark_mobiles"] is not None:
            told["remark_mobiles"] = tuple(filter(None, told["remark_mobiles"]))
        return cls.model_validate(told)

    def payload(self) -> dict[str, Any]:
        """Return the body of the request.

        Raises
        ------
        ValueError
            If nothing is noted: WeCom takes no empty remark.
        """
        told = self.model_dump(exclude_none=True, exclude={"tags"})
        if self.remark_mobiles is not None:
            told["remark_mobiles"] = list(self.remark_mobiles) or [""]
        if told.keys() <= {"userid", "external_userid"}:
            raise ValueError(
                f"remark of {self.external_userid!r}: expected a remark, description, company or "
                "phone that somebody entered, received none; set or confirm one first"
            )
        return told

    def follow_user(self, since: int) -> dict[str, Any]:
        """Return the same as ``externalcontact/get`` tells it once WeCom has taken it.

        Parameters
        ----------
        since : int
            When the two became contacts, in seconds since 1970.
        """
        return {
            "userid": self.userid,
            "remark": self.remark or "",
            "description": self.description or "",
            "createtime": since,
            "remark_corp_name": self.remark_company or "",
            "remark_mobiles": list(self.remark_mobiles or ()),
            "tags": [_tag(name) for name in self.tags],
        }


def _tag(told: str) -> dict[str, str]:
    group, between, name = told.partition(": ")
    return {"group_name": group if between else "", "tag_name": name if between else told}
