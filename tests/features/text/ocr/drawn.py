"""Pictures drawn for the tests: cards, orders and chats of our own words, and what stands in them.

Drawn pictures are clean; photographs are harder, and nothing here says how much.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

# Where Debian's packages fonts-wqy-zenhei and fonts-noto-cjk put fonts with Han characters.
FONTS = (
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
)

CARDS: tuple[tuple[str, ...], ...] = (
    ("蓝海贸易有限公司", "林晓", "销售经理", "手机: 13800138000", "邮箱: linxiao@example.com",
     "地址: 上海市浦东新区世纪大道100号"),
    ("青松软件科技有限公司", "周文博", "高级工程师", "电话: 010-62345678", "微信: zhouwb_88",
     "www.qingsong.example"),
    ("Northwind Guitars Ltd", "Anna Miller", "Head of Sales", "Phone: +1 415 555 0134",
     "anna.miller@example.com", "12 Harbor Street, Springfield"),
    ("晨光医院", "陈思远 主任医师", "门诊: 周一至周五", "电话: 0571-88886666"),
    ("Blue Kite Coffee", "Tom Brooks", "Founder", "Mobile: 07700 900123", "tom@bluekite.example"),
    ("云杉家居设计", "王小明 设计总监", "M: 139 1234 5678", "E: ming@yunshan.example",
     "杭州市西湖区文三路12号"),
)  # fmt: skip
ORDER = ("订单详情", "订单编号: 20240501123456", "无线降噪耳机 黑色", "数量: 1", "实付: ¥399.00",
         "收货人: 李雷", "下单时间: 2024-05-01 12:30")  # fmt: skip
ORDER_EN = ("Order details", "Order number: A-20240501", "Wireless headphones", "Qty: 1",
            "Total: $49.90", "Ship to: Springfield")  # fmt: skip
CHAT = (
    ("middle", "10:24"),
    ("left", "你好,请问这款耳机有货吗"),
    ("right", "有的,今天下单明天发货"),
    ("left", "那个多少钱"),
    ("right", "现在活动价399元"),
    ("left", "好的,我要一个黑色的"),
)
CHAT_EN = (
    ("middle", "10:24"),
    ("left", "Hi, is the blue guitar in stock?"),
    ("right", "Yes, it ships tomorrow."),
    ("left", "How much is that one?"),
    ("right", "It is 399 dollars."),
)


def font(size: int, *, han: bool = True) -> Any:
    """A font with Han characters where one is installed; for Latin letters Pillow has one."""
    for path in FONTS:
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    if han:
        pytest.skip("no font with Han characters: install fonts-wqy-zenhei or fonts-noto-cjk")
    return ImageFont.load_default(size)


def is_latin(lines: Any) -> bool:
    return "".join(lines).isascii()


def card(lines: tuple[str, ...], *, width: int = 900, height: int = 540) -> Image.Image:
    picture = Image.new("RGB", (width, height), "#fdfbf5")
    pen = ImageDraw.Draw(picture)
    step = (height - 80) // len(lines)
    for place, line in enumerate(lines):
        size = 44 if place == 0 else 32
        pen.text((60, 40 + place * step), line, fill="#222222",
                 font=font(size, han=not is_latin(lines)))  # fmt: skip
    return picture


def chat(turns: tuple[tuple[str, str], ...], *, width: int = 720) -> Image.Image:
    picture = Image.new("RGB", (width, 120 + 110 * len(turns)), "#ededed")
    pen = ImageDraw.Draw(picture)
    words = font(30, han=not is_latin(text for _, text in turns))
    for place, (side, text) in enumerate(turns):
        top, length = 60 + 110 * place, pen.textlength(text, font=words)
        left = {"left": 110, "right": width - 110 - length, "middle": (width - length) / 2}[side]
        if side != "middle":
            box = (left - 20, top - 16, left + length + 20, top + 52)
            pen.rounded_rectangle(box, 14, fill="white" if side == "left" else "#95ec69")
        pen.text((left, top), text, fill="#111111", font=words)
    return picture


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
