"""Words that files use for canonical tables and columns, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CUSTOMER = _words("""
    customer user client buyer member shopper reviewer visitor customerid userid customer_no user_no
    user_id buyer_id client_id member_id reviewer_id visitor_id
    用户 用户id 用户编号 客户 客户id 客户编号 会员 会员id 买家 顾客
""")
ITEM = _words("""
    item product sku asin goods article movie itemid productid item_no product_no product_id
    movie_id goods_id article_id stockcode stock_code 商品 商品id 商品编号 产品 产品id 物品 货号
""")
TIME = _words("""
    time timestamp ts date datetime created created_at event_time order_date order_time ordered_at
    purchase_date purchased_at invoicedate invoice_date review_date
    时间 日期 下单时间 购买时间 创建时间 评论时间 发送时间 交易时间
""")
TEXT = _words("""
    feedback text content review comment message review_text body 内容 消息 评论 反馈 评价
""")
RATING = _words("rating score stars star overall 评分 星级 打分")
AMOUNT = _words("amount total paid revenue sales sales_value 金额 总价 实付金额")

# Canonical column -> words for it, the likeliest first.
SYNONYMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "customers": {
        "customer_id": (*CUSTOMER, "id"),
        "first_seen_at": _words(
            "registered registered_at signup_date signed_up joined join_date created_at "
            "注册时间 注册日期"
        ),
        "consent": _words("opt_in marketing_consent 同意"),
    },
    "items": {
        "item_id": (*ITEM, "id"),
        "title": _words("name product_name item_name 标题 名称 商品名称 品名"),
        "description": _words("desc details 描述 简介"),
        "category": _words("categories category_name department genre genres 类别 类目 分类 品类"),
        "brand": _words("manufacturer maker 品牌 厂商"),
        "price": _words("unit_price unitprice list_price 价格 单价 售价"),
    },
    "events": {
        "event_id": ("id",),
        "customer_id": CUSTOMER,
        "item_id": ITEM,
        "kind": _words("event event_type action behavior behaviour 行为 事件 类型"),
        "value": (*RATING, *AMOUNT),
        "quantity": _words("qty count units 数量 件数"),
        "price": _words("unit_price unitprice 单价 价格"),
        "occurred_at": TIME,
        "agent_id": _words("agent 客服"),
        "group_id": _words("group 群"),
    },
    "feedback": {
        "feedback_id": _words("id review_id comment_id"),
        "customer_id": CUSTOMER,
        "item_id": ITEM,
        "title": _words("summary headline subject 标题"),
        "text": TEXT,
        "rating": RATING,
        "occurred_at": TIME,
    },
    "messages": {
        "message_id": _words("id msg_id seq"),
        "conversation_id": _words("conversation session session_id chat_id ticket_id 会话 会话id"),
        "customer_id": CUSTOMER,
        "agent_id": _words("agent 客服 客服id"),
        "sender_role": _words("sender_type role direction 角色 发送者"),
        "kind": _words("msg_type message_type"),
        "text": TEXT,
        "channel": _words("渠道"),
        "occurred_at": TIME,
        "media": _words("attachments"),
    },
    "facts": {"fact_id": ("id",), "customer_id": CUSTOMER, "recorded_at": TIME},
    "labels": {
        "label_id": (),
        "text_id": _words("message_id feedback_id review_id"),
        "text": (*TEXT, *_words("sentence utterance query question 文本 句子")),
        "label": _words("category intent class tag gold target 标签 类别 意图 分类"),
        "taxonomy": _words("scheme label_set 体系 标签体系"),
        "annotator": _words("annotated_by labeler labeled_by rater author 标注人 标注员"),
        "at": (*_words("labeled_at annotated_at 标注时间"), *TIME),
    },
}

# Columns without which a file is not taken for a table; the first table that fits is taken.
NEEDED: Mapping[str, frozenset[str]] = {
    "messages": frozenset({"conversation_id", "sender_role", "occurred_at"}),
    "facts": frozenset({"customer_id", "field", "value", "authority", "recorded_at"}),
    "labels": frozenset({"text", "label", "taxonomy"}),
    "feedback": frozenset({"text"}),
    "events": frozenset({"customer_id", "occurred_at"}),
    "customers": frozenset({"customer_id"}),
    "items": frozenset({"item_id"}),
}

# File names that decide between tables whose needed columns are all there.
NAMED: Mapping[str, tuple[str, ...]] = {
    "customers": _words("customers customer users user clients members 客户 用户 会员"),
    "items": _words("items item products product goods catalog catalogue movies 商品 产品"),
    "events": _words(
        "events event orders order purchases transactions ratings interactions clicks sales "
        "订单 交易 购买记录"
    ),
    "feedback": _words("feedback customer_feedback reviews review comments survey 评论 反馈 评价"),
    "messages": _words("messages message chat chats conversations dialogs 消息 聊天记录 会话"),
    "facts": ("facts",),
    "labels": _words("labels label annotations 标签 标注"),
}
