// A device checked by laws: that it answers, closes, restarts, and bears a hostile guest. The first version of this key-value
// device has a fault that its author's own tests did not see; the second has none.
// Run it with: dotnet run -c Release --project samples/DeviceLaws

using System.Text;
using VmBus;
using VmBus.Hosting;
using VmBus.Testing;

// What a well-behaved guest does: asks for a key by a request, and looks at the answer.
var exchange = DeviceSubject.Request(
    random => Encoding.ASCII.GetBytes($"key{random.Next(100)}"),
    (request, answer) =>
    {
        string key = Encoding.ASCII.GetString(request.Span), value = Encoding.ASCII.GetString(answer.Span).TrimEnd('\0');
        if (value != "value of " + key)
            throw new InvalidOperationException($"'{value}' is not the value of {key}.");
    });

foreach (bool isMended in new[] { false, true })
{
    var subject = new DeviceSubject(() => new Store(isMended), exchange) { Seed = 2, Patience = TimeSpan.FromSeconds(10) };
    try
    {
        await DeviceLaws.CheckAsync(subject);
        Console.WriteLine("keeps all laws");
    }
    catch (DeviceLawException broken)
    {
        Console.WriteLine($"breaks a law: {broken.Message}");
    }
}

/// <summary>The device under test: answers a key with its value.</summary>
internal sealed class Store(bool isMended) : IChannelDevice
{
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        await foreach (ReceivedPacket request in context.Channel.ReadAllAsync(closing))
        {
            string key = Encoding.ASCII.GetString(request.Payload.Span).TrimEnd('\0');
            // The fault: a guest may send anything, and an exception ends the service.
            if (isMended ? key.StartsWith("key", StringComparison.Ordinal) : int.Parse(key[3..]) >= 0)
                await context.Channel.SendCompletionAsync(Encoding.ASCII.GetBytes("value of " + key), request.TransactionId, cancellationToken: closing);
        }
    }
}
