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
        "message_id": _words("id msg_id msgid seq 消息id 消息编号"),
        "conversation_id": _words("""
            conversation session session_id chat_id ticket_id conversationid sessionid room room_id
            会话 会话id 会话编号 会话号 对话 对话id 对话编号 工单 工单号 工单编号 群 群聊 群id
        """),
        "customer_id": (*CUSTOMER, *_words("contact contact_id 客户名称 客户昵称 买家昵称 访客")),
        "agent_id": _words("""
            agent agent_name staff operator
            客服 客服id 客服编号 客服名称 客服昵称 坐席 坐席工号 员工
        """),
        "sender_role": _words("""
            sender_type role direction
            角色 发送者类型 发送者角色 发送方类型 消息方向 方向 收发 发送者
        """),
        "kind": _words("msg_type message_type content_type 消息类型 内容类型"),
        "text": (*TEXT, *_words("msg 消息内容 聊天内容 对话内容 发送内容 正文 文本")),
        "reply_to": _words("in_reply_to quoted_id 引用 引用消息 回复消息"),
        "recalled": _words("is_recalled deleted is_deleted 撤回 是否撤回 已撤回"),
        "private": _words("is_private internal note 内部 是否内部 内部备注"),
        "channel": _words("platform 渠道 平台 来源渠道"),
        "occurred_at": (*TIME, *_words("sent_at sendtime send_time 消息时间 聊天时间 时间戳")),
        "media": _words("attachments 附件"),
    },
    "facts": {"fact_id": ("id",), "customer_id": CUSTOMER, "recorded_at": TIME},
    "identities": {},
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

# What files of conversations have beside the canonical columns of messages.
CHAT_EXTRAS: Mapping[str, tuple[str, ...]] = {
    "sender": _words("""
        sender_id sender_name sender from from_user speaker author nickname
        发送人 发送方 发言人 说话人 发送者id 发送者名称 昵称
    """),
    "rating": RATING,
    "labels": _words("labels tags label tag 标签 会话标签"),
}

# Words for who speaks, as columns of roles and directions have them.
ROLE_WORDS: Mapping[str, tuple[str, ...]] = {
    "customer": _words("""
        customer user client buyer visitor guest contact member in incoming inbound received
        客户 用户 买家 顾客 访客 会员 接收 收到 收
    """),
    "agent": _words("""
        agent staff support seller operator admin service employee out outgoing outbound sent
        客服 人工 人工客服 坐席 卖家 商家 员工 店员 发送 发出 发
    """),
    "bot": _words("bot robot chatbot assistant 机器人 智能客服 自动回复"),
    "system": _words("system notice event 系统 系统消息 通知"),
}
KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "text": _words("txt 文本 文字 文本消息 1"),
    "image": _words("img picture photo 图片 图片消息 3"),
    "voice": _words("audio 语音 语音消息 34"),
    "video": _words("视频 视频消息 43"),
    "file": _words("document attachment 文件 文件消息"),
    "link": _words("url 链接 网页"),
    "location": _words("位置 地理位置 48"),
    "card": _words("名片 卡片 42"),
    "sticker": _words("emoji emotion 表情 动画表情 47"),
    "payment": _words("transfer 转账 红包"),
    "quote": _words("引用"),
    "forward": _words("转发 聊天记录"),
    "system": _words("notice 系统 系统消息 系统提示 10000"),
    "event": _words("事件"),
}
