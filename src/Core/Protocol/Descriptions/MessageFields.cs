// The fields of each message in the order of its bytes. Layouts: Layout/Messages, where each names its C twin.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>Reads the fields of each message.</summary>
internal static class MessageFields
{
    /// <summary>Reads what follows the header.</summary>
    public static void Read(ref FieldReader reader, ChannelMessageType type, NegotiatedVersion negotiated, ProtocolVersion proposed)
    {
        switch (type)
        {
            case ChannelMessageType.OfferChannel:
                ReadOffer(ref reader);
                break;
            case ChannelMessageType.RescindOffer or ChannelMessageType.CloseChannel or ChannelMessageType.RelidReleased or ChannelMessageType.CloseReservedChannelResponse:
                reader.Relid();
                break;
            case ChannelMessageType.OpenChannel:
                ReadOpen(ref reader, negotiated);
                break;
            case ChannelMessageType.OpenChannelResult:
                reader.Relid();
                OpenId(ref reader);
                reader.Status();
                break;
            case ChannelMessageType.GpadlHeader:
                ReadGpadlHeader(ref reader);
                break;
            case ChannelMessageType.GpadlBody:
                ReadGpadlBody(ref reader);
                break;
            case ChannelMessageType.GpadlCreated:
                reader.Relid();
                reader.Gpadl();
                reader.Status();
                break;
            case ChannelMessageType.GpadlTeardown:
                reader.Relid();
                reader.Gpadl();
                break;
            case ChannelMessageType.GpadlTorndown:
                reader.Gpadl();
                break;
            case ChannelMessageType.InitiateContact:
                ReadContact(ref reader);
                break;
            case ChannelMessageType.VersionResponse:
                ReadVersionResponse(ref reader, proposed);
                break;
            case ChannelMessageType.OpenReservedChannel:
                reader.Relid();
                reader.TargetVp();
                reader.TargetSint();
                reader.Gpadl();
                reader.DownstreamPageOffset();
                break;
            case ChannelMessageType.CloseReservedChannel:
                reader.Relid();
                reader.TargetVp();
                reader.TargetSint();
                break;
            case ChannelMessageType.TlConnectRequest:
                ReadEndpoints(ref reader);
                if (reader.Left > 0)
                    reader.Add("silo_id", $"{reader.Guid()}");
                break;
            case ChannelMessageType.TlConnectResult:
                ReadEndpoints(ref reader);
                reader.Status();
                break;
            case ChannelMessageType.ModifyChannel:
                reader.Relid();
                reader.TargetVp();
                break;
            case ChannelMessageType.ModifyChannelResponse:
                reader.Relid();
                reader.Status();
                break;
            case ChannelMessageType.ModifyConnection:
                ReadModifyConnection(ref reader);
                break;
            case ChannelMessageType.ModifyConnectionResponse:
                string state = ValueText.State((ConnectionState)reader.UInt8());
                reader.Add("connection_state", state, state);
                break;
        }
    }

    private static void ReadOffer(ref FieldReader reader)
    {
        Guid type = reader.Guid();
        reader.Add("interface_type", ValueText.Id(type), ValueText.NameOf(type) ?? $"class {type}");
        reader.Add("interface_instance", $"{reader.Guid()}");
        ulong latency = reader.UInt64();
        reader.Add("interrupt_latency", ValueText.Latency(latency), null, latency);
        reader.Reserved("channel_revision", sizeof(uint));
        reader.Reserved("server_context_size", sizeof(uint));
        var flags = (OfferFlags)reader.UInt16();
        reader.Add("flags", ValueText.Flags<OfferFlags>((ulong)flags));
        Megabytes(ref reader, "mmio_megabytes");
        if (flags.HasFlag(OfferFlags.NamedPipeMode))
            ReadPipe(ref reader);
        else
            reader.Bytes("user_data", UserDefinedData.Size);
        ushort subchannel = reader.UInt16();
        reader.Add("subchannel_index", subchannel == 0 ? "0 (primary)" : $"{subchannel}", subchannel == 0 ? null : $"subchannel {subchannel}", subchannel);
        Megabytes(ref reader, "mmio_megabytes_optional");
        reader.Relid();
        byte monitor = reader.UInt8();
        if ((reader.UInt8() & OfferChannel.MonitorAllocatedBit) != 0)
            reader.Add("monitor_id", $"{monitor}", $"monitor {monitor}", monitor);
        else
            reader.Add("monitor_id", "none allocated");
        if (reader.Left == 0)
        {
            reader.Add("form", "short, as before 1.1: one shared event flag, connection id 2", "short form");
            return;
        }

        bool isDedicated = (reader.UInt16() & OfferChannel.DedicatedInterruptBit) != 0;
        reader.Add("dedicated_interrupt", isDedicated ? "yes" : "no: through the interrupt page", isDedicated ? null : "shared interrupt");
        ConnectionId(ref reader);
    }

    private static void ReadPipe(ref FieldReader reader)
    {
        var mode = (PipeMode)reader.UInt32();
        string text = mode switch { PipeMode.Byte => "byte", PipeMode.Message => "message", _ => $"unknown ({(uint)mode})" };
        reader.Add("pipe_mode", text, $"{text} pipe");
        reader.Bytes("user_data", PipeOfferData.Size - (2 * sizeof(uint)));
        uint flags = reader.UInt32();
        reader.Add("pipe_flags", flags == PipeOfferData.GpaDirectFlag ? "GPA-direct allowed" : flags == 0 ? "none" : $"0x{flags:X}");
    }

    private static void ReadOpen(ref FieldReader reader, NegotiatedVersion negotiated)
    {
        reader.Relid();
        OpenId(ref reader);
        reader.Gpadl();
        reader.TargetVp();
        reader.DownstreamPageOffset();
        reader.Bytes("user_data", UserDefinedData.Size);
        if (reader.Left == 0 && !negotiated.HasOpenParameters)
            return;
        ConnectionId(ref reader);
        ushort flag = reader.UInt16();
        reader.Add("event_flag", $"{flag}", $"event flag {flag}", flag);
        reader.Add("flags", ValueText.Flags<OpenChannelFlags>(reader.UInt16()));
    }

    private static void ReadGpadlHeader(ref FieldReader reader)
    {
        reader.Relid();
        reader.Gpadl();
        ushort length = reader.UInt16();
        reader.Add("range_buffer_length", $"{length} bytes, those in bodies included", null, length);
        ushort count = reader.UInt16();
        int pages = Math.Max(0, length - (count * GpaRange.Size)) / sizeof(ulong);
        reader.Add("range_count", $"{count}", $"{Count(count, "range")} of {Count(pages, "page")}", count);
        for (int range = 0; range < count && reader.Left > 0; range++)
        {
            uint bytes = reader.UInt32();
            uint offset = reader.UInt32();
            long reached = GpadlRange.PageCount(offset, bytes);
            List<ulong> here = reader.PageFrames(reached);
            string more = here.Count < reached ? $" ({here.Count} of {Count(reached, "page")} here)" : "";
            string from = offset == 0 ? "" : $" from byte {offset}";
            reader.Add($"range_{range}", $"{bytes} bytes{from} of {Count(reached, "page")}: {ValueText.Pages(here)}{more}");
        }
    }

    private static void ReadGpadlBody(ref FieldReader reader)
    {
        uint number = reader.UInt32();
        reader.Add("message_number", $"{number}", $"body {number}", number);
        reader.Gpadl();
        List<ulong> here = reader.PageFrames(long.MaxValue);
        reader.Add("pages", here.Count == 0 ? "none" : $"{here.Count}: {ValueText.Pages(here)}", Count(here.Count, "page"));
    }

    private static void ReadContact(ref FieldReader reader)
    {
        var version = new ProtocolVersion(reader.UInt32());
        reader.Add("version_requested", ValueText.Version(version), $"version {ValueText.Version(version)}");
        reader.TargetVp();
        FeatureFlags features = FeatureFlags.None;
        if (version >= ProtocolVersion.Win10Rs3V2)
        {
            byte sint = reader.UInt8();
            reader.Add("target_sint", $"{sint}", $"SINT {sint}", sint);
            byte vtl = reader.UInt8();
            reader.Add("target_vtl", $"{vtl}", vtl == 0 ? null : $"VTL {vtl}", vtl);
            reader.Reserved("reserved", sizeof(ushort));
            features = Features(ref reader, version >= ProtocolVersion.Copper);
        }
        else
        {
            reader.Address("interrupt_page");
        }

        reader.MonitorPages();
        if (features.HasFlag(FeatureFlags.ClientId))
            reader.Add("client_id", $"{reader.Guid()}");
    }

    private static void ReadVersionResponse(ref FieldReader reader, ProtocolVersion proposed)
    {
        bool isSupported = reader.UInt8() != 0;
        reader.Add("version_supported", isSupported ? "yes" : "no", isSupported ? "supported" : "not supported");
        var state = (ConnectionState)reader.UInt8();
        reader.Add("connection_state", ValueText.State(state), state == ConnectionState.Successful ? null : ValueText.State(state));
        if (reader.Left == 0)
            return;
        reader.Reserved("reserved", sizeof(ushort));
        if (proposed == default)
        {
            uint either = reader.UInt32();
            reader.Add("connection_id_or_version", $"0x{either:X}", null, either);
        }
        else if (proposed >= ProtocolVersion.Win10Rs3V2)
        {
            ConnectionId(ref reader);
        }
        else
        {
            string version = ValueText.Version(new ProtocolVersion(reader.UInt32()));
            reader.Add("selected_version", version, isSupported ? $"version {version}" : null);
        }

        if (reader.Left == 0)
            return;
        FeatureFlags features = Features(ref reader, isToldAlways: true);
        if (!features.HasFlag(FeatureFlags.ServerSpecifiedMonitorPages) || reader.Left == 0)
            return;
        reader.Reserved("reserved_2", sizeof(uint));
        reader.MonitorPages();
    }

    private static void ReadModifyConnection(ref FieldReader reader)
    {
        ulong parentToChild = reader.UInt64();
        reader.Add("parent_to_child_monitor_page", ValueText.Address(parentToChild), $"host-to-guest {ValueText.Address(parentToChild)}");
        ulong childToParent = reader.UInt64();
        reader.Add("child_to_parent_monitor_page", ValueText.Address(childToParent), $"guest-to-host {ValueText.Address(childToParent)}");
    }

    private static void ReadEndpoints(ref FieldReader reader)
    {
        Guid endpoint = reader.Guid();
        reader.Add("endpoint_id", ValueText.Id(endpoint));
        Guid service = reader.Guid();
        reader.Add("service_id", ValueText.Id(service), ValueText.NameOf(service) ?? $"service {service}");
    }

    private static FeatureFlags Features(ref FieldReader reader, bool isToldAlways)
    {
        uint features = reader.UInt32();
        if (isToldAlways || features != 0)
            reader.Add("features", ValueText.Flags<FeatureFlags>(features), features == 0 ? null : $"features 0x{features:X}");
        return (FeatureFlags)features;
    }

    private static void ConnectionId(ref FieldReader reader)
    {
        uint id = reader.UInt32();
        reader.Add("connection_id", $"0x{id:X}", $"connection 0x{id:X}", id);
    }

    private static void OpenId(ref FieldReader reader)
    {
        uint id = reader.UInt32();
        reader.Add("open_id", $"{id}", null, id);
    }

    private static void Megabytes(ref FieldReader reader, string name)
    {
        ushort megabytes = reader.UInt16();
        reader.Add(name, $"{megabytes} MiB", null, megabytes);
    }

    private static string Count(long count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
