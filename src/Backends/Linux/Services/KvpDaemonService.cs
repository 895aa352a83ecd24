// What hv_kvp_daemon does with a message (Linux tools/hv/hv_kvp_daemon.c), as the kernel's kvp_send_key writes it and
// kvp_respond_to_host reads it (drivers/hv/hv_kvp.c). Bytes in, bytes out.

using System.Runtime.InteropServices;
using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>Answers messages out of a store.</summary>
internal sealed class KvpDaemonService(IKvpStore store) : IUtilService
{
    private const int MaxKeyUnits = IcKvpKeyBytes.Size / 2 - 1;

    public string? DriverVersion { get; private set; }

    public int MessageLength => IcKvpDaemonMessage.Size;

    public void WriteGreeting(Span<byte> message) => message[0] = IcKvpRegister.Operation;

    public bool TryTakeGreeting(ReadOnlySpan<byte> answer)
    {
        if (answer.Length != IcKvpDaemonMessage.Size || answer[0] != IcKvpRegister.Operation)
            return false;
        DriverVersion = KvpDaemonText.ReadLenient(answer.Slice(IcKvpHeader.Size, IcKvpRegister.Size), IcKvpRegister.Size);
        return true;
    }

    public bool Answer(Span<byte> message)
    {
        ref IcKvpDaemonMessage body = ref MemoryMarshal.AsRef<IcKvpDaemonMessage>(message);
        IcKvpHeader header = body.Header;
        IcStatus status = header.Operation switch
        {
            > IcKvpOperation.SetIpInfo => IcStatus.NotSupported,
            IcKvpOperation.GetIpInfo => GetAddresses(ref body.Addresses),
            IcKvpOperation.SetIpInfo => TryRead(body.Addresses, out KvpAddresses? addresses) ? store.SetAddresses(addresses) : IcStatus.InvalidArgument,
            _ when header.Pool > IcKvpPool.AutoInternal => IcStatus.InvalidArgument,
            IcKvpOperation.Get => Get(header.Pool, ref body),
            IcKvpOperation.Set => Set(header.Pool, body.Value),
            IcKvpOperation.Delete => Delete(header.Pool, body.Delete),
            _ => Enumerate(header.Pool, ref body.Enumerate),
        };
        body.Status = status;
        return status == IcStatus.Success;
    }

    public void Fail(Span<byte> message) => MemoryMarshal.AsRef<IcKvpDaemonMessage>(message).Status = IcStatus.Fail;

    // A disk that is full, a file that another program has locked: nothing of it is the next message's.
    public bool Outlives(Exception error) => error is IOException or UnauthorizedAccessException or TimeoutException or System.ComponentModel.Win32Exception;

    public void AnswerWasLate()
    {
    }

    public void Ended()
    {
    }

    private IcStatus Get(IcKvpPool pool, ref IcKvpDaemonMessage body)
    {
        if (!TryReadKey(body.Value.Key, body.Value.KeyLength, out string key))
            return IcStatus.InvalidArgument;
        if (!store.TryGet(pool, key, out KvpValue value))
            return IcStatus.NoMoreItems;

        // Where the kernel looks for it: it reads every value where an enumeration's is, 4 bytes behind that of the question.
        // hv_kvp_daemon writes it to the latter, and its hosts miss the first 4 bytes.
        WriteValue(value, ref body.Enumerate.Data);
        return IcStatus.Success;
    }

    // The kernel has made text of every value and tells no type.
    private IcStatus Set(IcKvpPool pool, in IcKvpValue pair)
        => TryReadKey(pair.Key, pair.KeyLength, out string key)
            && pair.ValueLength <= IcKvpValueBytes.Size
            && KvpDaemonText.TryRead(((ReadOnlySpan<byte>)pair.Value)[..(int)pair.ValueLength], KvpValue.MaxTextLength, out string text)
                ? store.Set(pool, key, KvpValue.Of(text))
                : IcStatus.InvalidArgument;

    private IcStatus Delete(IcKvpPool pool, in IcKvpDelete message)
    {
        if (!TryReadKey(message.Key, message.KeyLength, out string key))
            return IcStatus.InvalidArgument;
        IcStatus status = store.Delete(pool, key);
        return status == IcStatus.NotFound ? IcStatus.NoMoreItems : status;
    }

    private IcStatus Enumerate(IcKvpPool pool, ref IcKvpEnumerate message)
    {
        if (!store.TryGetAt(pool, message.Index, out string? key, out KvpValue value))
            return IcStatus.NoMoreItems;
        message.Data.KeyLength = KvpDaemonText.Write(key, message.Data.Key);
        WriteValue(value, ref message.Data);
        return IcStatus.Success;
    }

    private IcStatus GetAddresses(ref IcKvpIpInfo info)
    {
        if (!KvpDaemonText.TryRead(MemoryMarshal.AsBytes<ushort>(info.AdapterId), IcKvpAdapterId.Length - 1, out string adapter))
            return IcStatus.InvalidArgument;
        IcStatus status = store.GetAddresses(adapter, info.AddressFamily, out KvpAddresses? addresses);
        if (status != IcStatus.Success || addresses is null)
            return status;
        Write(addresses.AdapterId, info.AdapterId);
        info.AddressFamily = addresses.Family;
        info.DhcpEnabled = addresses.IsDhcpEnabled ? (byte)1 : (byte)0;
        Write(addresses.Addresses, info.Addresses);
        Write(addresses.Subnets, info.Subnets);
        Write(addresses.Gateways, info.Gateways);
        Write(addresses.DnsServers, info.DnsServers);
        return status;

        // The kernel makes as many UTF-16 units as fit into the same room, and needs a zero behind them.
        static void Write(string text, Span<ushort> room)
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(room);
            bytes.Clear();
            KvpDaemonText.Write(text, bytes[..room.Length]);
        }
    }

    private static bool TryRead(in IcKvpIpInfo info, out KvpAddresses addresses)
    {
        addresses = null!;
        if (!KvpDaemonText.TryRead(MemoryMarshal.AsBytes<ushort>(info.AdapterId), IcKvpAdapterId.Length - 1, out string adapter)
            || !KvpDaemonText.TryRead(MemoryMarshal.AsBytes<ushort>(info.Addresses), IcKvpAddresses.Length - 1, out string all)
            || !KvpDaemonText.TryRead(MemoryMarshal.AsBytes<ushort>(info.Subnets), IcKvpAddresses.Length - 1, out string subnets)
            || !KvpDaemonText.TryRead(MemoryMarshal.AsBytes<ushort>(info.Gateways), IcKvpGateways.Length - 1, out string gateways)
            || !KvpDaemonText.TryRead(MemoryMarshal.AsBytes<ushort>(info.DnsServers), IcKvpAddresses.Length - 1, out string dns))
            return false;
        addresses = new KvpAddresses
        {
            AdapterId = adapter,
            Family = info.AddressFamily,
            IsDhcpEnabled = info.DhcpEnabled != 0,
            Addresses = all,
            Subnets = subnets,
            Gateways = gateways,
            DnsServers = dns,
        };
        return true;
    }

    private static bool TryReadKey(ReadOnlySpan<byte> room, uint length, out string key)
    {
        key = "";
        return length <= (uint)room.Length && KvpDaemonText.TryRead(room[..(int)length], MaxKeyUnits, out key) && key.Length > 0;
    }

    private static void WriteValue(KvpValue value, ref IcKvpValue pair)
    {
        pair.ValueType = IcKvpValueType.Text;
        pair.ValueLength = KvpDaemonText.Write(value.ToString(), pair.Value);
    }
}
