// The names of messages in Linux: enum vmbus_channel_message_type (include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>The names of messages in Linux.</summary>
internal static class MessageNames
{
    private static readonly string?[] Linux =
    [
        null, "OFFERCHANNEL", "RESCIND_CHANNELOFFER", "REQUESTOFFERS", "ALLOFFERS_DELIVERED", "OPENCHANNEL", "OPENCHANNEL_RESULT",
        "CLOSECHANNEL", "GPADL_HEADER", "GPADL_BODY", "GPADL_CREATED", "GPADL_TEARDOWN", "GPADL_TORNDOWN", "RELID_RELEASED",
        "INITIATE_CONTACT", "VERSION_RESPONSE", "UNLOAD", "UNLOAD_RESPONSE", "18", "19", "20", "TL_CONNECT_REQUEST",
        "MODIFYCHANNEL", "TL_CONNECT_RESULT", "MODIFYCHANNEL_RESPONSE",
    ];

    /// <summary>The name of a message; null where Linux has none.</summary>
    public static string? OfLinux(ChannelMessageType type) => (uint)type < (uint)Linux.Length && Linux[(int)type] is { } name ? $"CHANNELMSG_{name}" : null;
}
