using System.Reflection;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>New public types and members cannot escape the tests of hostile users.</summary>
public sealed class EveryTypeIsHereTests
{
    private static IEnumerable<Type> Shipped => new[] { typeof(VmBusChannel).Assembly, typeof(InMemoryMachine).Assembly, typeof(Devices.BlockFile).Assembly }.SelectMany(assembly => assembly.GetExportedTypes());

    [Fact]
    public void Every_type_that_ends_is_used_after_its_end()
    {
        string[] ending = [.. Shipped.Where(Ends).Select(type => type.Name).Order(StringComparer.Ordinal)];
        string[] listed = [.. EndedCases.All.Keys.Select(EndedCases.TypeOf).Concat(EndedCases.Elsewhere.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        Assert.True(ending.Length > 20, "The types are not found.");
        Assert.Empty(ending.Except(listed));
        Assert.Empty(EndedCases.All.Keys.Select(EndedCases.TypeOf).Intersect(EndedCases.Elsewhere.Keys));
    }

    [Fact]
    public async Task Every_method_of_them_is_used()
    {
        foreach ((string row, Func<Task<EndedCase>> make) in EndedCases.All)
        {
            await using EndedCase made = await make();
            Type type = made.Subject.GetType();
            Assert.Equal(EndedCases.TypeOf(row), type.Name);
            Assert.Empty(EndedTrials.MethodsOf(type).Except(made.Uses.Select(use => use.Name)).Select(name => $"{row}: {name}"));
            Assert.NotEmpty(made.Ends);
            await made.Ends[0]();
        }
    }

    private static bool Ends(Type type) =>
        typeof(IDisposable).IsAssignableFrom(type) || typeof(IAsyncDisposable).IsAssignableFrom(type) || type.GetMethod("Dispose", BindingFlags.Public | BindingFlags.Instance, Type.EmptyTypes) is not null;
}
