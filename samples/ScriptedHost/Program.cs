// Guest code tested without its host: a script plays the host packet by packet, and its failure shows where the two differ. The
// first guest asks for a feature before it has greeted the host, which is a fault; the second greets first.
// Run it with: dotnet run -c Release --project samples/ScriptedHost

using VmBus;
using VmBus.InMemory;
using VmBus.Testing;

var offer = new HostOffer(new Guid("8d5c3a5e-7b1f-4c55-9a7e-6a2f5a1c9e01"), new Guid("8d5c3a5e-7b1f-4c55-9a7e-6a2f5a1c9e02"));
foreach (bool greetsFirst in new[] { false, true })
{
    ChannelScript host = new ChannelScript()
        .ExpectRequest("version 3"u8).Complete("accepted"u8)
        .ExpectRequest("features"u8).Complete("clipboard"u8)
        .ExpectEnd();
    await using var machine = new InMemoryMachine();
    await machine.Host.OfferAsync(offer, host);
    await using (VmBusChannel channel = await machine.OpenAsync(offer))
    {
        try
        {
            await AskFeaturesAsync(channel, greetsFirst);
        }
        catch (VmBusException ended)
        {
            // A host that has failed takes its channel back: the guest learns of it and does not hang.
            Console.WriteLine($"the guest: {ended.GetType().Name}");
        }
    }
    try
    {
        await host.Completion;
        Console.WriteLine("as the script says");
    }
    catch (ChannelScriptException wrong)
    {
        Console.WriteLine(wrong.Message);
    }
}

// The code under test.
static async Task AskFeaturesAsync(VmBusChannel channel, bool greetsFirst)
{
    if (greetsFirst)
        (await channel.RequestAsync("version 3"u8.ToArray())).Dispose();
    (await channel.RequestAsync("features"u8.ToArray())).Dispose();
}
