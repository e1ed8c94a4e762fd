"""Messages with labeled personal data, made by construction: numbers computed, sentences ours.

Slots in braces are filled with values whose check digits are computed here, from the standards'
definitions rather than by the code under test. What is not in a slot is not personal data.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

ZH = [
    "我叫{name_zh},电话{mobile},有货了通知我",
    "收件人:{name_zh} 手机:{mobile} 地址:{address_zh}",
    "{address_zh},{name_zh}收,{mobile}",
    "麻烦把发票发到{email},谢谢",
    "我的邮箱是{email}。收到请回复",
    "身份证号{resident_id},帮我实名一下",
    "证件号码:{resident_id}",
    "退款打到这张卡{card},开户名{name_zh}",
    "银行卡号 {card_spaced} 户名{name_zh}",
    "我的车牌是{plate},停车费多扣了",
    "{plate}昨天进的场",
    "新能源车{plate_green}可以免费停吗",
    "护照号码{passport},要改签机票",
    "订单号{order}三天了还没发货",
    "查一下快递单号:{order}",
    "加我微信{wechat}详聊",
    "我的微信号:{wechat},备注买琴的",
    "请联系{name_zh}女士,她的手机是{mobile_spaced}",
    "找{name_zh}先生签收就行",
    "你好,我是{name_zh},上周买的电饭煲坏了",
    "联系人{name_zh},座机{landline}",
    "地址改成{address_zh}",
    "我搬家了,现在住在{address_zh}",
    "寄到{address_zh}可以吗",
    "打这个电话{mobile_cn}找我",
    "{mobile}这个号码加不上",
    "号码换成{mobile_spaced}了,旧的{mobile}停用",
    "邮箱{email}和手机{mobile}都可以联系我",
    "她叫{name_zh},{resident_id}",
    "患者{name_zh},预约明天上午",
    "持卡人{name_zh},卡号{card}",
    "学员{name_zh}想请假",
    "刚才和{name_zh}通过电话了,他说可以退",
    "麻烦送到{address_local},谢谢",
    "海外电话{phone_abroad},白天有人接",
    "下单的人是{name_zh},不是我",
]
EN = [
    "Hi, my name is {name_en} and my phone is {phone_us}.",
    "Please call me at {phone_abroad} after lunch",
    "You can reach me on {phone_us}, ask for {name_en}",
    "My email is {email}, please send the receipt there.",
    "Send the invoice to {email} and cc {email}",
    "Charge it to card {card_spaced} please",
    "My card number is {card}, why was it declined?",
    "Ship to: {name_en}, {address_en}",
    "I moved to {address_en}, please update my account",
    "Order number {order} has not arrived",
    "where is order #{order}?",
    "tracking no. {order} shows nothing",
    "My passport number is {passport}",
    "My WeChat ID is {wechat}, add me",
    "wechat: {wechat}",
    "This is {name_en}, I bought the kettle last week",
    "Thanks, {name_en}",
    "I spoke with {name_en} yesterday and he promised a refund",
    "Dr. {name_en} recommended it",
    "{name_en} is my husband, his number is {phone_us}",
    "Dear support, I am {name_en} from {address_en}.",
    "Contact {name_en} at {email}",
    "Cardholder: {name_en}, card {card}",
    "My driver waits with plate {plate}",
]
HARD = [
    "型号SN1380013800012345在哪里看",
    "一共卖了13800138000000件",
    "编码13800138000A是配件",
    "条形码6901234567892扫不出来",
    "热线400-820-8820打不通",
    "今天是2024-05-01,昨天下了3单",
    "价格199.00,优惠后159.5元",
    "这款手机128G和256G差多少",
    "上海的快递一般几天到",
    "中山路堵车了",
    "王者荣耀皮肤多少钱",
    "张家界好玩吗",
    "高兴得跳起来,安全到家",
    "微信支付失败怎么办",
    "订单号在哪里看",
    "我是学生,可以便宜吗",
    "我叫外卖了,还没到",
    "找客服太难了",
    "和平公园附近有店吗",
    "方便面好吃,白色的也行",
    "温水洗涤,常温保存",
    "4111111111111112这张卡不存在",
    "1101011990130112345位数不对",
    "版本号10.0.22621.1",
    "12345678901234567890是流水",
    "我想问一下经理在不在",
    "给我发个链接https://example.com/a?id=13912",
    "The item number is B08N5WRWNW",
    "It costs 1,299.00 dollars for 12 months",
    "Version 4.11.1111 crashed twice",
    "ISBN 9780306406157 is out of print",
    "Call me maybe is a song",
    "I am Happy with the Great service",
    "Dear customer service, this is Terrible",
    "Main Street is closed",
    "My order has not arrived",
    "See you at 3pm on Monday",
    "Black Friday and Cyber Monday deals",
    "The New York Times reviewed it",
    "WeChat pay does not work",
    "the weight is 4000 0000 grams",
    "Room 1203 was cold",
    "Meet me @ noon",
    "The Mark IV amplifier is heavy",
    "We sold 5551234567 units",
]
# Written after the patterns; what they showed led to the recognizer of names without a cue.
FRESH_ZH = [
    "老板,{name_zh}的包裹怎么还没动静?我手机{mobile}",
    "帮忙改下收货人,换成{name_zh},电话{mobile_spaced}",
    "公司让我把报销材料发给{name_zh},邮箱{email}",
    "微信联系吧:{wechat} 电话不方便",
    "本人{name_zh}({resident_id})申请注销账户",
    "{name_zh}的银行卡{card}上个月绑定的",
    "停在你们门口的{plate}是谁的车",
    "刚提了辆电车{plate_green},来问下充电桩",
    "护照{passport}过期了还能用吗",
    "物流单号{order}显示已签收,可我没拿到",
    "我在{address_zh},师傅什么时候上门",
    "从{address_local}搬到{address_zh}要多少钱",
    "孩子叫{name_zh},报周末班",
    "晚上打{landline}没人接,打{mobile}也行",
    "客服{name_zh}答应我的,你们不能不认",
    "有问题发我qq邮箱{email}",
]
FRESH_EN = [
    "I'm {name_en}, you have my old number {phone_us}",
    "Could {name_en} from your team ring {phone_abroad}?",
    "New address is {address_en}",
    "{email} bounced, use {email} instead",
    "the parcel {address_en} never came",
    "Refund to the Visa ending, full number {card_spaced}",
    "order id {order}, name {name_en}",
    "{name_en}'s phone is off",
    "add my wechat {wechat}",
    "Passport: {passport}",
    "text {phone_us} or mail {email}",
    "Kind regards,\n{name_en}\n{phone_abroad}",
]
FRESH_HARD = [
    "买了18件,每件138元,共2484元",
    "参数是3840x2160,刷新率144",
    "请问200ml和500ml哪个划算",
    "师傅说下午到,结果晚上九点才来",
    "周黑鸭和王老吉有活动吗",
    "马上就要过年了还能发货吗",
    "路由器型号AX3000怎么重启",
    "我叫了两次人工都没人",
    "A 12 month warranty and 30 day returns",
    "The Grand Hotel on Lake Drive was full",
    "May I ask when Summer Sale starts",
    "error code 0x80070057 at step 4 of 10",
]
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董袁潘于蒋蔡余杜叶程"
)
_GIVEN = "伟 芳 秀英 娜 敏 静 丽 强 磊 军 洋 艳 勇 杰 建国 志强 海燕 雨桐 子轩 梓涵 一诺 浩然 欣怡 思远 文博 晓东 小红 佳琪 天宇 若曦 春花 玉兰"  # noqa: E501
_COMPOUND = ("欧阳", "司马", "诸葛", "上官")
_FIRST = "James Mary Robert Linda Michael Emily David Sarah Daniel Laura Kevin Rachel Brian Anna"
_LAST = (
    "Smith Johnson Williams Brown Garcia Miller Davis Wilson Taylor Lee Walker Young Clark Lewis"
)
_CITIES = "上海市浦东新区 北京市朝阳区 广东省深圳市南山区 浙江省杭州市西湖区 四川省成都市武侯区 江苏省苏州市 湖北武汉洪山区 重庆市渝中区"  # noqa: E501
_ROADS = "世纪大道 建国路 科技园南路 文三路 人民南路 星湖街 珞喻路 解放碑步行街 中山北路 学府路"
_HOMES = "阳光花园 翠湖小区 金茂大厦 绿地家园 万科公寓 "
_ABROAD = ("+44 20 7946 0018", "+1 415 555 2671", "+81 3-1234-5678", "+49 30 901820",
           "+852 2345 6789", "+61 2 9374 4000", "+65 6123 4567", "+33 1 42 68 53 00")  # fmt: skip
_AREAS = ("212", "415", "312", "206", "617", "305")
_SLOT = re.compile(r"\{(\w+)\}")
_KIND = {"mobile": "phone", "landline": "phone", "card": "bank_card", "plate": "plate",
         "order": "order_number", "phone": "phone", "resident": "resident_id"}  # fmt: skip


@dataclass(frozen=True)
class Message:
    """A text and its personal data as (kind, start, end)."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def messages(count: int = 600, seed: int = 5, *, fresh: bool = False) -> list[Message]:
    """Return so many messages, three in ten of them hard negatives."""
    generator = random.Random(seed)
    hard, zh, en = (FRESH_HARD, FRESH_ZH, FRESH_EN) if fresh else (HARD, ZH, EN)
    found = []
    for number in range(count):
        plain = number % 10 < 3  # the share above
        template = generator.choice(hard if plain else zh if number % 2 else en)
        found.append(_filled(template, generator))
    return found


def _filled(template: str, generator: random.Random) -> Message:
    text, spans, place = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[place : slot.start()]
        value = _value(slot[1], generator)
        kind = _KIND.get(slot[1].split("_")[0], slot[1].split("_")[0])
        spans.append((kind, len(text), len(text) + len(value)))
        text, place = text + value, slot.end()
    return Message(text + template[place:], tuple(spans))


def _value(slot: str, g: random.Random) -> str:
    return {
        "name_zh": _name_zh, "name_en": _name_en, "mobile": _mobile, "mobile_spaced": _spaced,
        "mobile_cn": lambda g: f"+86 {_mobile(g)}",
        "landline": _landline, "phone_us": _phone_us, "phone_abroad": lambda g: g.choice(_ABROAD),
        "email": _email, "resident_id": _resident_id, "card": _card,
        "card_spaced": lambda g: re.sub(r"(\d{4})(?=\d)", r"\1 ", _card(g, 16)), "plate": _plate,
        "plate_green": _plate_green, "passport": lambda g: g.choice("EG") + _digits(g, 8),
        "order": _order, "wechat": _wechat, "address_zh": _address_zh,
        "address_local": _address_local, "address_en": _address_en,
    }[slot](g)  # fmt: skip


def _digits(g: random.Random, count: int) -> str:
    return "".join(g.choices("0123456789", k=count))


def _name_zh(g: random.Random) -> str:
    surname = g.choice(_COMPOUND) if g.random() < 0.05 else g.choice(_SURNAMES)
    return surname + g.choice(_GIVEN.split())


def _name_en(g: random.Random) -> str:
    return f"{g.choice(_FIRST.split())} {g.choice(_LAST.split())}"


def _mobile(g: random.Random) -> str:
    return g.choice(("138", "139", "150", "186", "177", "199", "133")) + _digits(g, 8)


def _spaced(g: random.Random) -> str:
    number, gap = _mobile(g), g.choice(" -")
    return f"{number[:3]}{gap}{number[3:7]}{gap}{number[7:]}"


def _landline(g: random.Random) -> str:
    return f"{g.choice(('010', '021', '0571', '0755'))}-{g.choice('2568')}{_digits(g, 7)}"


def _phone_us(g: random.Random) -> str:
    area, number = g.choice(_AREAS), f"{g.choice('346789')}{g.choice('23456789')}{g.choice('2345')}"
    return g.choice(("({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}")).format(
        area, number, _digits(g, 4)
    )


def _email(g: random.Random) -> str:
    user = g.choice(("zhang.san", "li_si88", "anna", "j.smith+shop", "hello2024", "wang-wu"))
    return f"{user}@{g.choice(('example.com', 'mail.example.org', 'shop.example.cn', 'qq.com'))}"


def _resident_id(g: random.Random) -> str:
    region = g.choice(("110101", "310115", "440305", "330106", "510107", "320505"))
    born = f"{g.randrange(1950, 2010)}{g.randrange(1, 13):02}{g.randrange(1, 29):02}"
    body = region + born + _digits(g, 3)
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def _card(g: random.Random, length: int = 0) -> str:
    prefix, size = g.choice((("622202", 19), ("621700", 19), ("4", 16), ("52", 16), ("622848", 16)))
    body = prefix + _digits(g, (length or size) - len(prefix) - 1)
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(body + "0"))]
    return body + str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def _plate(g: random.Random) -> str:
    tail = g.choice("0123456789") + "".join(g.choices("ABCDEFGH0123456789", k=4))
    return g.choice("京沪粤浙苏川鄂") + g.choice("ABCDEF") + g.choice(("", "·")) + tail


def _plate_green(g: random.Random) -> str:
    tail = g.choice("DF") + g.choice("ABC0123456789") + _digits(g, 4)
    return g.choice("京沪粤浙苏川鄂") + g.choice("ABCDEF") + tail


def _order(g: random.Random) -> str:
    return g.choice(("2024" + _digits(g, 14), "SF" + _digits(g, 13), "1" + _digits(g, 10),
                     f"AB-{_digits(g, 8)}-{_digits(g, 2)}"))  # fmt: skip


def _wechat(g: random.Random) -> str:
    own = "wxid_" + "".join(g.choices("abcdefgh0123456789", k=14))
    return g.choice((own, "sunny_" + _digits(g, 4),
                     "LiLei" + _digits(g, 6), "coffee-lover"))  # fmt: skip


def _address_zh(g: random.Random) -> str:
    home = g.choice(_HOMES.split(" "))
    room = g.choice((f"{g.randrange(1, 30)}栋{g.randrange(101, 3200)}室", f"{g.randrange(1, 9)}号楼"
                     f"{g.randrange(1, 5)}单元{g.randrange(101, 900)}", ""))  # fmt: skip
    road = f"{g.choice(_ROADS.split())}{g.randrange(1, 2000)}号"
    return g.choice(_CITIES.split()) + road + home + (room if home else "")


def _address_local(g: random.Random) -> str:
    room = f"{g.randrange(1, 20)}栋{g.randrange(101, 900)}室"
    return f"{g.choice(_ROADS.split())}{g.randrange(1, 900)}号{room}"


def _address_en(g: random.Random) -> str:
    street = f"{g.choice(('Oak', 'Maple', 'Lake View', 'Park', 'Washington'))} "
    street += g.choice(("Street", "Ave", "Road", "Drive", "Blvd"))
    unit = g.choice(("", f", Apt {g.randrange(1, 40)}", f" #{g.randrange(1, 40)}"))
    city = g.choice(("", ", Springfield, IL 62704", ", San Jose, CA 95112", ", Austin, TX 78701"))
    return f"{g.randrange(1, 9999)} {street}{unit}{city}"
