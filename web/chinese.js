export const chinese = {
  title: "上传文件",
  subtitle: "文件从浏览器直接进入存储空间。",
  choose: "选择文件",
  orDrop: "也可以把文件拖到这里，或直接粘贴",
  dropNow: "松开即可上传",
  files: "文件",
  allFiles: "全部文件",
  cancel: "取消",
  cancelAll: "全部取消",
  retry: "重试",
  retryAll: "全部重试",
  folders: "不能上传文件夹。请打开文件夹，选择其中的文件。",

  queued: "排队中",
  signing: "正在获取授权",
  uploading: "正在上传",
  finishing: "已发送，等待确认",
  done: "已存储",
  repeated: "先前的尝试已将其存储",
  cancelled: "已取消",
  callbackFailed: "已存储，但回调失败：网站尚未收到通知。请保留下面的链接并告知网站管理员。",
  callbackAnswer: (answer) => `回调返回：${answer}`,
  again: (reason, seconds) => `${reason}${seconds} 秒后重试。`,
  reference: (text) => `参考编号：${text}`,

  pace: (speed, left) => `${speed}，剩余 ${left}`,
  duration: (seconds) =>
    seconds < 60
      ? `${seconds} 秒`
      : seconds < 3600
        ? `${Math.ceil(seconds / 60)} 分钟`
        : `${Math.floor(seconds / 3600)} 小时 ${Math.floor((seconds % 3600) / 60)} 分钟`,
  sentOf: (sent, size) => `${sent} / ${size}`,
  counts: ({ done, count, failed, cancelled }) =>
    [`已存储 ${done} / ${count}`, failed && `失败 ${failed}`, cancelled && `取消 ${cancelled}`]
      .filter(Boolean)
      .join("，"),

  announceAdded: (count) => `已添加 ${count} 个文件。`,
  announceProgress: (percent) => `已上传 ${percent}%。`,
  announce: (name, what) => `${name}：${what.replace(/。$/, "")}。`,

  reasons: {
    unreachable: "上传服务没有响应。",
    connection_lost: "连接已中断。",
    unavailable: "服务繁忙。",
  },
  errors: {
    unreachable: "无法连接上传服务。请检查网络后重试；如果其他网站正常，请告知网站管理员。",
    connection_lost: "与存储的连接已中断。请检查网络后重试；如果其他网站正常，请告知网站管理员。",
    unavailable: "服务繁忙或暂时中断。请稍候再重试。",
    credentials_unavailable: "上传服务暂时无法取得凭证。请稍候再重试。",
    internal_error: "上传服务出错。请重试；如果仍然失败，请告知网站管理员。",
    bad_answer: "响应并非来自上传服务。请网站管理员检查 config.json 中的 endpoint。",
    not_found: "该地址没有上传服务。请网站管理员检查 config.json 中的 endpoint。",
    method_not_allowed: "该地址没有上传服务。请网站管理员检查 config.json 中的 endpoint。",
    not_configured: "本页面不知道上传服务的地址。请网站管理员在页面旁放置含有 “endpoint” 的 config.json。",
    misconfigured: "上传服务的设置不正确。请网站管理员查看其日志。",
    unauthorized: "您尚未登录或登录已失效。请登录后重试。",
    origin_not_allowed: "不允许从本页面上传。请网站管理员将本页面的地址加入 ALLOWED_ORIGINS。",
    invalid_request: "上传服务不接受此文件的名称或大小。请重命名文件，或选择其他文件。",
    file_empty: "文件是空的。请选择有内容的文件。",
    file_too_small: "文件小于允许的大小。请选择更大的文件。",
    file_too_large: (size, maximum) =>
      maximum
        ? `文件太大：${size}，此处最多允许 ${maximum}。请选择较小的文件。`
        : `文件太大：${size}。请选择较小的文件。`,
    type_not_allowed: "不允许上传此类型的文件。请选择其他文件，或改用正确的扩展名。",
    file_unreadable: "文件已无法读取：它被修改、移动或删除。请重新选择。",
    grant_expired: "授权在上传开始前已过期。请重试；如果仍然失败，请网站管理员检查服务器时钟。",
    grant_refused: "存储不接受此上传授权。请重试；如果仍然失败，请告知网站管理员。",
    already_exists: "存储中已有同名文件。请重试，将以另一名称存储。",
    storage_refused: "存储不接受此文件。请重试；如果仍然失败，请告知网站管理员。",
    endpoint_forbidden:
      "存储不在此地址接收任何文件。请网站管理员为存储空间（Bucket）绑定自定义域名，并将 UPLOAD_URL 设为该域名。",
    callback_invalid: "存储无法通知网站，因此没有接收此文件。请网站管理员检查 CALLBACK_URL。",
    unknown: "发生意外情况。请刷新页面后再试。",
  },
};
