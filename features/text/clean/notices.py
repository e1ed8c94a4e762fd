"""Lines that a messenger writes by itself: recalls, joins, transfers, calls, media placeholders."""

from __future__ import annotations

import re

_WHO = r"(?:你|您|[\"“”'「]?[^\n,,。!?]{1,32}?[\"“”'」]?)"
_NOTICES = {
    "recalled": (
        rf"{_WHO}?\s?(?:撤回了?一条(?:成员)?(?:的)?消息|撤回了.{{1,24}}的一条消息)(?:\s?重新编辑)?",
        r"(?:you|.{1,32}) (?:recalled|unsent|deleted) (?:a|this) message",
        r"this message was (?:recalled|deleted|unsent)|(?:该|此|这条)消息已(?:被)?撤回",
    ),
    "contact_added": (
        rf"(?:你已添加了|您已添加了|你添加了){_WHO}(?:为(?:好友|朋友|联系人))?(?:[,,].{{0,20}})?",
        r".{0,6}通过了你的(?:朋友|好友)?(?:验证)?请求.{0,24}",
        r"以上是打招呼的(?:内容|消息)|the above (?:is|are) (?:a )?greetings?(?: messages?)?",
        r"you have added .{1,32}(?: as (?:your|a) .{0,20}contact.*)?",
        r"i(?:'ve| have) accepted your friend request.{0,40}",
        r".{1,32}开启了(?:朋友|好友)验证.{0,60}|消息已发出,?但被对方拒收了",
    ),
    "group": (
        rf"{_WHO}\s?邀请\s?{_WHO}\s?加入了?群聊|{_WHO}\s?通过(?:扫描|微信).{{0,32}}加入了?群聊",
        rf"{_WHO}\s?(?:加入|退出|离开)了?群聊|{_WHO}\s?将\s?{_WHO}\s?移出了?群聊",
        rf"{_WHO}\s?修改群名为.{{1,40}}|{_WHO}\s?(?:已成为新群主|开启了群聊邀请确认.*)",
        r".{1,32} (?:joined|left) (?:the )?(?:group|chat|conversation)(?: chat)?(?: via .{1,32})?",
        r".{1,32} (?:invited|added|removed) .{1,32} (?:to|from) (?:the )?(?:group|chat)(?: chat)?",
    ),
    "transfer": (
        r"\[(?:转账|微信转账|transfer)\].{0,40}|(?:微信转账|transfer to you)",
        r"(?:收到|发起了?)(?:一笔)?转账\s?[¥¥]?[\d.,]*元?[,,。]?(?:请(?:在手机上)?(?:查收|确认收款).{0,8})?",
        r"(?:你|对方|您|[^\s,,。]{1,12})(?:已收款|已收钱|已退还转账|已接收转账|已确认收款)",
        r"[¥¥]?\d[\d.,]*元? ?(?:已被接收|已收款|已存入零钱|转账已过期)",
        r"(?:transfer (?:received|accepted|refunded|expired)|you received a transfer).{0,30}",
    ),
    "red_packet": (
        r"\[(?:红包|微信红包|red packet)\].{0,32}|恭喜发财[,,]?\s?大吉大利",
        rf"{_WHO}领取了{_WHO}的红包(?:[,,].{{0,20}})?|(?:收到|发出)红包[,,].{{0,16}}",
        r"(?:红包已被领完|该红包已过期|红包已超过24小时.{0,12})",
        r"(?:you|.{1,32}) (?:opened|received|sent) (?:your |a |.{1,32}'s )?red packet.{0,20}",
    ),
    "call": (
        r"(?:\[?(?:语音|视频)通话\]?\s?)?(?:通话时长|聊天时长)\s?[::]?\s?[\d:]{4,8}",
        r"(?:对方)?(?:已取消|已拒绝|无应答|忙线中)|(?:语音|视频)通话(?:已取消|已拒绝|已结束|未接通)",
        r"(?:missed|canceled|declined) (?:voice|video) call",
        r"call (?:duration|ended|declined).{0,12}",
        r"\[(?:语音|视频)通话\]|\[(?:voice|video) call\]",
    ),
    "pat": (rf"{_WHO}\s?拍了拍\s?.{{1,40}}", r"(?:you|.{1,32}) (?:tickled|nudged) .{1,40}"),
    "media": (
        r"(?:\[(?:图片|照片|语音|视频|文件|位置|链接|名片|动画表情|小程序|音乐|卡券|photo|image|voice|"
        r"video|file|location|link|contact card|sticker|mini program|music)\]\s?)+",
        r"(?:image|video|audio|sticker|gif|document) omitted|<media omitted>",
    ),
    "state": (
        r"(?:客服|坐席|会话|人工客服).{0,16}(?:已接入|为您服务中|已结束|已转接|已超时关闭|排队中.{0,20})",
        r"(?:the )?(?:conversation|chat|session) (?:has )?(?:been )?"
        r"(?:ended|closed|transferred).{0,30}",
        r"对方正在输入.{0,4}|以下(?:是|为)(?:新|未读)消息|you are now chatting with .{1,32}",
    ),
}  # fmt: skip
_LONGEST = 120
_ENDS = " .。!~\uff01"
_KINDS = tuple(_NOTICES)
_PATTERN = re.compile(
    "|".join(f"({'|'.join(patterns)})" for patterns in _NOTICES.values()), re.IGNORECASE
)
# Pieces of which every notice holds one: almost all texts hold none and are done at once.
_PIECES_EN = (
    "[", "omitted", "message", "greeting", "added", "friend", "group", "chat", "transfer",
    "packet", "call", "tickled", "nudged", "conversation", "session",
)  # fmt: skip
_PIECES = (
    "撤回", "添加了", "打招呼", "请求", "验证", "拒收", "群", "转账", "收款", "收钱", "已被接收",
    "零钱", "红包", "恭喜发财", "通话", "时长", "取消", "拒绝", "无应答", "忙线", "拍了拍",
    "已接入", "服务中", "结束", "已转接", "超时关闭", "排队中", "正在输入", "新消息", "未读消息",
    *_PIECES_EN,
)  # fmt: skip
# A person speaking: a notice has neither questions nor complaints nor requests.
_PERSON = re.compile(
    r"[?？吗呢]|为什么|怎么|什么时候|帮我|我要|please|why|how|when|can (?:you|i)", re.IGNORECASE
)


def notice(text: str) -> str:
    """Return what kind of notice a line is, ``""`` where a person wrote it.

    Parameters
    ----------
    text : str
        With single spaces.

    Examples
    --------
    >>> notice("张三撤回了一条消息"), notice("Amy joined the group"), notice("我转账给你了")
    ('recalled', 'group', '')
    """
    if len(text) > _LONGEST:
        return ""
    pieces = _PIECES_EN if text.isascii() else _PIECES
    if not any(map(text.lower().__contains__, pieces)):
        return ""
    match = _PATTERN.fullmatch(text.strip(_ENDS))
    if match is None or match.lastindex is None or _PERSON.search(text):
        return ""
    return next(
        kind for kind, found in zip(_KINDS, match.groups(), strict=True) if found is not None
    )
