using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Every request of every component in every form that real hosts send it in, and every answer as real guests give it.</summary>
public sealed class ComponentFormTests
{
    // Longer than any that is sent, as a version to come may be.
    private const int Longer = 64;

    public static TheoryData<int> Forms => [.. Enumerable.Range(0, ComponentForm.All.Count)];

    public static TheoryData<string> AnswerForms => [.. Answers.Keys];

    // What a guest answers with: the lengths of its body, and who does so.
    private static Dictionary<string, (Func<IntegrationHost> Host, Func<IntegrationHost, Task<IcStatus>>? Ask, int[] Lengths)> Answers { get; } = new()
    {
        // Linux, FreeBSD and NetBSD send back what they were sent, and so does OpenVMM's guest but for a shutdown.
        ["a beat"] = (() => new HeartbeatHost(), null, [8, 16, 40]),
        ["the time"] = (() => new TimeSyncHost(), null, [0, 25, 28]),
        ["the time with a reference"] = (() => new TimeSyncHost(guestReferenceTime: () => 1), null, [0, 22, 24]),
        // OpenVMM hyperv_ic_guest shutdown.rs answers with the header alone.
        ["a shutdown"] = (() => new ShutdownHost(), host => ((ShutdownHost)host).AskAsync(new ShutdownRequest(IcShutdownFlags.Force)), [0, 2060]),
        ["a freeze"] = (() => new VssHost(), host => ((VssHost)host).FreezeAsync(), [0, 12]),
        ["set"] = (() => new KvpHost(), host => StatusOf(((KvpHost)host).SetAsync(IcKvpPool.External, "a", KvpValue.Of("b"))), [2576, 2580]),
        ["delete"] = (() => new KvpHost(), host => StatusOf(((KvpHost)host).DeleteAsync(IcKvpPool.External, "a")), [520, 2580]),
        ["get"] = (() => new KvpHost(), host => StatusOf(((KvpHost)host).GetAsync(IcKvpPool.External, "a")), [2576, 2580]),
        ["enumerate"] = (() => new KvpHost(), host => StatusOf(((KvpHost)host).EnumerateAsync(IcKvpPool.External, 0)), [2580]),
        ["addresses"] = (() => new KvpHost(), host => StatusOf(((KvpHost)host).GetAddressesAsync("a", IcKvpAddressFamily.IPv4)), [7428]),
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_guest_takes_what_hosts_send_and_refuses_what_is_shorter(int row)
    {
        ComponentForm form = ComponentForm.All[row];
        foreach (IcVersion version in form.Versions)
        {
            foreach (int length in (int[])[form.Shortest, form.Longest, form.Longest + Longer])
            {
                IntegrationGuest guest = Prepare(form, version);
                (uint status, long malformed) = Handle(guest, form, length);
                Assert.True(status != (uint)IcStatus.Fail && malformed == 0, $"{form} at {version}, {length} bytes: status 0x{status:x}, {malformed} malformed");
            }

            if (!form.IsLeast)
                continue;
            (uint refused, long counted) = Handle(Prepare(form, version), form, form.Shortest - 1);
            Assert.True(refused != (uint)IcStatus.Success && counted == 1, $"{form} at {version}, {form.Shortest - 1} bytes: status 0x{refused:x}, {counted} malformed");
        }
    }

    [Theory]
    [MemberData(nameof(AnswerForms))]
    public async Task A_host_takes_what_guests_answer(string name)
    {
        (Func<IntegrationHost> make, Func<IntegrationHost, Task<IcStatus>>? ask, int[] lengths) = Answers[name];
        byte[] request = new byte[16384];
        foreach (int length in (int[])[.. lengths, lengths[^1] + Longer])
        {
            IntegrationHost host = make();
            Agree(host, request);
            Task<IcStatus>? asked = ask?.Invoke(host);
            Assert.True(host.TryWriteRequest(request, out int asLong));
            byte[] body = request[28..asLong];
            Array.Resize(ref body, length);
            // A beat is answered by the next number, a question for a pair by the pair; the rest of what is sent back is not looked at.
            if (host is HeartbeatHost)
                body[0]++;
            if (name is "get" or "enumerate")
                PutPair(body.AsSpan(name == "get" ? 4 : 8));
            Assert.True(host.Handle(Conversation.Packet((IcMessageType)request[12], body, IcMessageFlags.Transaction | IcMessageFlags.Response, request[24])), $"{name}, {length} bytes: dropped");
            if (asked is not null)
                Assert.Equal(IcStatus.Success, await asked);
            if (host is HeartbeatHost heart)
                Assert.Equal((1, true), (heart.Beats, heart.IsAlive));
            if (host is TimeSyncHost time)
                Assert.Equal(1, time.Samples);
            IntegrationHostStatistics counts = host.GetStatistics();
            Assert.Equal((0, 0, 0), (counts.Malformed, counts.Dropped, counts.Stray));
        }
    }

    // What the header says of the length is not believed: OpenBSD's guest once counted its headers, too.
    [Theory]
    [InlineData("the two versions alone: OpenVMM hyperv_ic_guest", 16, 16)]
    [InlineData("as long as the offer: Linux vmbus_prep_negotiate_resp, FreeBSD vmbus_ic_negomsg", 40, 16)]
    [InlineData("headers counted: OpenBSD hv_ic_negotiate", 40, 44)]
    public void A_host_takes_versions_as_guests_choose_them(string senders, int length, ushort said)
    {
        foreach (Func<IntegrationHost> make in Answers.Values.Select(answer => answer.Host))
        {
            IntegrationHost host = make();
            Agree(host, new byte[16384], length, said);
            Assert.True(host.State == IntegrationHostState.Ready, $"{host.MessageType}, {senders}: {host.State}");
        }
    }

    // The string "b" under the key "a".
    private static void PutPair(Span<byte> value)
    {
        value[0] = 1;
        value[4] = value[8] = 4;
        value[12] = (byte)'a';
        value[12 + 512] = (byte)'b';
    }

    private static void Agree(IntegrationHost host, byte[] request, int length = 16, ushort said = 16)
    {
        Assert.True(host.TryWriteRequest(request, out _));
        // The first of each list.
        int frameworks = request[28];
        byte[] body = [1, 0, 1, 0, 0, 0, 0, 0, .. request[36..40], .. request[(36 + 4 * frameworks)..(40 + 4 * frameworks)]];
        Array.Resize(ref body, length);
        byte[] answer = Conversation.Packet(IcMessageType.Negotiate, body, IcMessageFlags.Transaction | IcMessageFlags.Response, request[24]);
        BitConverter.TryWriteBytes(answer.AsSpan(18), said);
        Assert.True(host.Handle(answer));
    }

    private static IntegrationGuest Prepare(ComponentForm form, IcVersion version)
    {
        IntegrationGuest guest = form.Guest();
        byte[] answer = new byte[16384];
        if (form.Type == IcMessageType.Negotiate)
            return guest;
        guest.Handle(Conversation.Offer([new(3, 0)], [version]), answer);
        Assert.Equal(version, guest.MessageVersion);
        if (form.Before is { } before)
        {
            guest.Handle(Conversation.Packet(form.Type, before), answer);
            Assert.Equal((uint)IcStatus.Success, BitConverter.ToUInt32(answer, 20));
            guest.AnswerSent();
        }

        return guest;
    }

    private static (uint Status, long Malformed) Handle(IntegrationGuest guest, ComponentForm form, int length)
    {
        byte[] packet = Conversation.Packet(form.Type, form.Body(length)), answer = new byte[16384];
        Assert.Equal(packet.Length, guest.Handle(packet, answer));
        return (BitConverter.ToUInt32(answer, 20), guest.GetStatistics().Malformed);
    }

    private static async Task<IcStatus> StatusOf(Task<KvpAnswer> asked) => (await asked).Status;
}
